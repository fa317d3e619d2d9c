namespace Blip.Hosting.Blobs;

/// <summary>The result for one image.</summary>
internal enum BlobOutcome
{
    Answered,

    /// <summary>Its document was there.</summary>
    AnsweredBefore,

    /// <summary>It cannot be used; its document says why.</summary>
    Refused,

    /// <summary>It does not exist any more.</summary>
    Gone,

    /// <summary>It is a document with answers.</summary>
    NoImage,
}
