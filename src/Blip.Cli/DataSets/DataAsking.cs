using System.Runtime.CompilerServices;

namespace Blip.Cli.DataSets;

/// <summary>Asks the questions of a data set, as many at a time as the library does for many images.</summary>
internal static class DataAsking
{
    /// <summary>A group is given at once; a larger one would lose more of the work where the process is killed.</summary>
    private const int MaxGroup = 32;

    /// <summary>Asks the questions and gives what became of them in their order.</summary>
    /// <param name="model">The model.</param>
    /// <param name="items">The questions. Those on one image that follow one another cost one look at it.</param>
    /// <param name="reader">Reads the images.</param>
    /// <param name="options">How each question is answered.</param>
    /// <param name="cancellationToken">Ends all.</param>
    public static async IAsyncEnumerable<(DataItem Item, QuestionOutcome Outcome)> AskAsync(
        IBlipModel model, IEnumerable<DataItem> items, ImageReader reader, AskOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        IEnumerable<AskItem> images = Groups(items).Select(group => new AskItem(
            async token => await reader.ReadAsync(group[0].File, token), [.. group.Select(item => item.Question)], group));
        await foreach (AskOutcome outcome in model.AskEachAsync(images, new AskEachOptions { Ask = options }, cancellationToken))
        {
            List<DataItem> group = (List<DataItem>)outcome.Item.Key!;
            for (int i = 0; i < group.Count; i++)
                yield return (group[i], outcome.Error is { } failed ? new(group[i].Question, null, failed) : outcome.Answers[i]);
        }
    }

    private static IEnumerable<List<DataItem>> Groups(IEnumerable<DataItem> items)
    {
        List<DataItem> group = [];
        foreach (DataItem item in items)
        {
            if (group.Count == MaxGroup || (group.Count > 0 && group[0].File != item.File))
            {
                yield return group;
                group = [];
            }
            group.Add(item);
        }
        if (group.Count > 0)
            yield return group;
    }
}
