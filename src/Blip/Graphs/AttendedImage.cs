namespace Blip.Graphs;

/// <summary>How a question encoder gets the image.</summary>
internal enum AttendedImage
{
    /// <summary>There is none: the encoder reads the text alone, and its cross-attention is left out.</summary>
    None,

    /// <summary>As the embeddings that the vision network gave.</summary>
    Embedded,

    /// <summary>As keys and values that were made of them.</summary>
    Projected,
}
