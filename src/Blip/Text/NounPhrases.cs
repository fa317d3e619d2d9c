using System.Text.RegularExpressions;

namespace Blip.Text;

/// <summary>
/// Splits a text into its noun phrases by lists of words, without a parser: "a red car and two dogs on the beach" is "a red car", "two
/// dogs" and "the beach". It knows English only, and makes mistakes where a word can be a verb or a noun. T2I-CompBench uses a parser
/// (spaCy); if you need the same phrases, give them yourself.
/// </summary>
public static partial class NounPhrases
{
    /// <summary>A phrase begins with one of them; alone they are none.</summary>
    private static readonly HashSet<string> Determiners = Words(
        "a an the this that these those some any each every another no one two three four five six seven eight nine ten eleven "
        + "twelve both several many few all his her its their my your our");

    /// <summary>Between phrases: prepositions, conjunctions, pronouns, adverbs, and verbs that are seldom nouns.</summary>
    private static readonly HashSet<string> Others = Words(
        "and or but nor so yet while as than then with without within in into inside on onto upon at by to toward towards from "
        + "of off out outside over above under underneath below beneath behind before beside besides between among around across "
        + "through along against near next about after during for up down like there here where when who which what that's it he "
        + "she they them him we us you i is are was were be been being am has have had having do does did can could will would "
        + "shall should may might must not very too also just still only together away sits stands lies runs walks holds wears "
        + "eats drinks looks sat stood lay ran walked held wore ate looked made covered surrounded filled seated parked placed "
        + "located");

    /// <summary>Nouns that end like verbs in -ing.</summary>
    private static readonly HashSet<string> Things = Words(
        "building ring king queen ceiling painting drawing wing string thing clothing swing wedding crossing railing evening "
        + "morning spring sling earring stocking lightning icing pudding duckling sibling being sting parking clearing setting "
        + "sewing");

    /// <summary>Phrases that name a place in the image, not a thing; the original leaves them out too.</summary>
    private static readonly HashSet<string> Places = [.. (ReadOnlySpan<string>)["top", "the top", "the side", "the left", "the right"]];

    /// <summary>The noun phrases of a text, in order, in lower case.</summary>
    /// <param name="text">A description of an image in English.</param>
    /// <returns>The phrases; empty where there is none.</returns>
    public static IReadOnlyList<string> Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<string> phrases = [], current = [];
        foreach (Match match in Pieces.Matches(text.ToLowerInvariant()))
        {
            string piece = match.Value;
            bool isWord = char.IsLetterOrDigit(piece[0]);
            if (!isWord || Others.Contains(piece) || Determiners.Contains(piece))
                End();
            if (isWord && !Others.Contains(piece))
                current.Add(piece);
        }
        End();
        return phrases;

        void End()
        {
            // "a dog chasing" is "a dog".
            while (current.Count > 1 && current[^1].EndsWith("ing", StringComparison.Ordinal) && !Things.Contains(current[^1]))
                current.RemoveAt(current.Count - 1);
            string phrase = string.Join(' ', current);
            // "all the dogs" and "the two dogs" are one phrase.
            bool goesOn = current.Count > 0 && current.TrueForAll(Determiners.Contains);
            if (goesOn)
                return;
            current.Clear();
            if (phrase.Length > 0 && !Places.Contains(phrase))
                phrases.Add(phrase);
        }
    }

    private static HashSet<string> Words(string words) => [.. words.Split(' ')];

    /// <summary>Words, which may have hyphens and apostrophes inside, and marks that end a phrase.</summary>
    [GeneratedRegex(@"[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[.,;:!?()""]")]
    private static partial Regex Pieces { get; }
}
