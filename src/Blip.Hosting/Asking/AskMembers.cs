using System.Globalization;
using System.Text.Json;

namespace Blip.Hosting.Asking;

/// <summary>
/// The members of a request that say how an answer is found: <c>choices</c> and <c>beams</c> with their options, <c>min_confidence</c> and
/// <c>explain</c>. Their names are the same in JSON, in forms, in the query and in the lines of <c>blip ask --batch</c>. For one request.
/// </summary>
/// <param name="options">Those that hold where the request says nothing.</param>
internal sealed class AskMembers(AskOptions options)
{
    private static readonly string[] Names =
        ["choices", "choices_k", "choices_per_token", "beams", "best", "length_penalty", "early_stopping", "min_confidence", "explain"];

    private readonly List<string> _choices = [];
    private readonly HashSet<string> _given = [];
    private AskOptions _options = options with { NamesMembers = true };

    /// <summary>The options with what the request says; those given where it says nothing.</summary>
    public AskOptions Options => _choices.Count == 0 ? _options : _options with { Choices = _choices };

    /// <summary>Whether it is a name of such a member.</summary>
    public static bool Has(string name) => Names.Contains(name);

    /// <summary>What a word says of when a search by beams ends; <see langword="null"/> where it says nothing.</summary>
    public static EarlyStopping? Stopping(string word) => word switch
    {
        "false" => EarlyStopping.False,
        "true" => EarlyStopping.True,
        "never" => EarlyStopping.Never,
        _ => null,
    };

    /// <summary>Reads a member of a JSON object.</summary>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>: the value is of the wrong kind.</exception>
    public void Read(string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return;
        if (name != "choices")
        {
            // A number as a string is none.
            Read(name, value.ValueKind != JsonValueKind.String ? value.GetRawText()
                : name == "early_stopping" ? Bodies.Text(value, name) : "");
            return;
        }
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(choice => choice.ValueKind != JsonValueKind.String))
            throw Wrong(name, "a list of strings");
        if (value.GetArrayLength() == 0)
            throw Wrong(name, "a list of one choice or more");
        _choices.AddRange(value.EnumerateArray().Select(choice => Bodies.Text(choice, name)));
    }

    /// <summary>Reads a part of a form, or of a query, where a list is a name that is repeated.</summary>
    /// <exception cref="BlipException"><see cref="BlipErrorCode.InvalidRequest"/>: the value is of the wrong kind.</exception>
    public void Read(string name, string value)
    {
        if (name == "choices")
        {
            _choices.Add(value);
            return;
        }
        if (!_given.Add(name))
            throw new BlipException(BlipErrorCode.InvalidRequest, $"'{name}' is given twice. Give it once.");
        _options = name switch
        {
            "choices_k" => _options with { ChoicesK = Number(name, value) },
            "choices_per_token" => _options with { ChoicesPerToken = Flag(name, value) },
            "explain" => _options with { Explain = Flag(name, value) },
            "beams" => _options with { Beams = Number(name, value) },
            "best" => _options with { Best = Number(name, value) },
            "length_penalty" => _options with { LengthPenalty = Real(name, value) },
            "min_confidence" => _options with { MinConfidence = Real(name, value) },
            _ => _options with { EarlyStopping = Stopping(value) ?? throw Wrong(name, "true, false or \"never\"") },
        };
    }

    private static bool Flag(string name, string value) =>
        value is "true" or "false" ? value == "true" : throw Wrong(name, "true or false");

    private static double Real(string name, string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number : throw Wrong(name, "a number");

    private static int Number(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Wrong(name, "a whole number");

    private static BlipException Wrong(string name, string wanted) => new(BlipErrorCode.InvalidRequest, $"'{name}' must be {wanted}.");
}
