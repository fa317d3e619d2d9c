namespace Blip.Text;

/// <summary>What becomes of special tokens, such as <c>[SEP]</c>, that stand in a text.</summary>
public enum SpecialTokenMode
{
    /// <summary>They are text like any other: somebody typed them.</summary>
    Plain,

    /// <summary>They become the special token, as in the published library.</summary>
    Reference,
}
