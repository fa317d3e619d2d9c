namespace Blip.Text;

/// <summary>How special tokens in a text, such as <c>[SEP]</c>, are read.</summary>
public enum SpecialTokenMode
{
    /// <summary>As normal text.</summary>
    Plain,

    /// <summary>As special tokens, as in the published library.</summary>
    Reference,
}
