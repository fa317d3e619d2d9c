namespace Blip.Decoding;

/// <summary>Follows a search for several answers: each is given when it is found, while the search continues with the others.</summary>
internal interface ISearchListener
{
    /// <summary>Whether anybody still waits for the answer. Asked before each step; the search drops one that nobody wants.</summary>
    bool IsWanted(int answer);

    /// <summary>An answer is found.</summary>
    void Found(int answer, FoundAnswer found);

    /// <summary>A step is done and another follows: the moment to let others run.</summary>
    /// <param name="isLong">Whether the step took the time of many.</param>
    void StepDone(bool isLong = false);
}
