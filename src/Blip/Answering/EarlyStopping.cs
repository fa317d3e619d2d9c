namespace Blip;

/// <summary>When beam search ends, once as many answers have ended as there are beams. The names are those of transformers.</summary>
public enum EarlyStopping
{
    /// <summary>Where the best beginning is worse than the worst of those answers, if it ended now.</summary>
    False,

    /// <summary>At once.</summary>
    True,

    /// <summary>
    /// Where no beginning can become better, however long it grows: as <see cref="False"/>, but with a
    /// <see cref="AskOptions.LengthPenalty"/> above 0 a beginning is rated as if it ended at the limit.
    /// </summary>
    Never,
}
