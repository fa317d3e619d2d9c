namespace Blip;

/// <summary>When beam search ends, once as many answers have ended as there are beams. The names are those of transformers.</summary>
public enum EarlyStopping
{
    /// <summary>When the best beginning, if it ended now, would be worse than the worst of those answers.</summary>
    False,

    /// <summary>At once.</summary>
    True,

    /// <summary>
    /// When no beginning can become better, however long it grows: as <see cref="False"/>, but with a
    /// <see cref="AskOptions.LengthPenalty"/> above 0 a beginning is rated as if it ended at the limit.
    /// </summary>
    Never,
}
