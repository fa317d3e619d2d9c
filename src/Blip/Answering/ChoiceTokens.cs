using System.Globalization;
using Blip.Decoding;
using Blip.Text;

namespace Blip.Answering;

/// <summary>Turns given answers into tokens, and refuses those that cannot be ranked.</summary>
internal static class ChoiceTokens
{
    /// <summary>
    /// The most tokens of all choices of a question together: 10,000 choices of some words. With the full-size model they take a minute or
    /// two on a processor with many cores.
    /// </summary>
    public const int MaxTokens = 100_000;

    private const int MaxShown = 40;

    /// <summary>Reads the choices.</summary>
    /// <param name="options">Has choices.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="positions">Tokens that the decoder reads at most, the start token included.</param>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>.</exception>
    public static ChoiceList Read(AskOptions options, BertTokenizer tokenizer, int positions)
    {
        IReadOnlyList<string> texts = options.Choices!;
        int[][] tokens = new int[texts.Count][];
        int count = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            if (TryRead(texts[i], tokenizer, positions, out tokens[i]) is { } wrong)
                throw Invalid($"Choice {i + 1}{wrong}");
            if (options.ChoicesByFirstToken)
                tokens[i] = tokens[i][..1];
            if ((count += tokens[i].Length) > MaxTokens)
                throw Invalid($"The choices have more than {MaxTokens} tokens together. Give fewer or shorter ones.");
        }
        ChoiceList choices = new(tokens, options.ChoicesK, options.ChoicesPerToken);
        return choices.FindEqual() is not { } equal ? choices
            : throw Invalid(
                $"Choices {equal.First + 1} and {equal.Second + 1} are the same to the model: {Show(texts[equal.Second])}. Leave one out.");
    }

    /// <summary>The choices that can be ranked, each once; all of them where none can.</summary>
    public static IReadOnlyList<string> Rankable(IReadOnlyList<string> texts, BertTokenizer tokenizer, int positions)
    {
        HashSet<string> seen = [];
        string[] rankable =
        [
            .. texts.Where(text => TryRead(text, tokenizer, positions, out int[] tokens) is null && seen.Add(string.Join(' ', tokens))),
        ];
        return rankable.Length > 0 ? rankable : texts;
    }

    /// <summary>Reads the tokens of a choice; gives the end of a sentence that says why it cannot be ranked.</summary>
    private static string? TryRead(string? choice, BertTokenizer tokenizer, int positions, out int[] tokens)
    {
        tokens = [];
        if (choice is null)
            return " is null. Give a text.";
        // The start token replaces [CLS].
        TokenizedText text = tokenizer.Encode(choice, SpecialTokenMode.Reference, positions);
        int[] read = tokens = text.Ids[1..];
        return read.Length < 2 ? " is empty. Give one word or more."
            : text.Truncated ? string.Create(
                CultureInfo.InvariantCulture, $" has more than the {positions} tokens that this model reads. Give a shorter one.")
            : read.SkipLast(1).Any(token => token == tokenizer.UnknownTokenId || tokenizer.IsSpecial(token))
                ? $", {Show(choice)}, has a special token or a character that the model does not know."
            : null;
    }

    private static string Show(string text) => $"'{(text.Length <= MaxShown ? text : text[..MaxShown] + "…")}'";

    private static BlipException Invalid(FormattableString message) =>
        new(BlipErrorCode.InvalidRequest, message.ToString(CultureInfo.InvariantCulture));
}
