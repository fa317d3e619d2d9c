namespace Blip.Scheduling;

/// <summary>What waits for a run. Both values are known before it waits and do not change.</summary>
internal interface IRunItem
{
    /// <summary>What the item costs: its question's tokens.</summary>
    int Tokens { get; }

    /// <summary>Items of one group stand side by side in a run. Groups are compared by reference.</summary>
    object Group { get; }
}

/// <summary>How much a run takes: it takes items until one of the two is reached. An item of more than all tokens runs alone.</summary>
/// <param name="MaxItems">The most items, 1 or more.</param>
/// <param name="MaxTokens">The most tokens of all items together, 1 or more.</param>
internal sealed record RunLimits(int MaxItems, int MaxTokens);
