using System.Text.Json;
using Blip.AI;

namespace Blip.Hosting.Asking;

/// <summary>A list of texts that a request has beside its image. For one request.</summary>
/// <param name="list">Its name.</param>
/// <param name="one">What one of them is called.</param>
internal class ListFields(string list, string one) : RequestFields
{
    private readonly List<string> _texts = [];

    public override string Expected => $"Send 'image' and '{list}'.";

    /// <summary>The texts, in order.</summary>
    public virtual IReadOnlyList<string> Texts => _texts;

    public override bool Has(string name) => name == list;

    public override void Read(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            throw Invalid($"'{list}' must be an array of strings.");
        _texts.AddRange(value.EnumerateArray().Select(text => Bodies.Text(text, name)));
    }

    public override void Read(string name, string value) => _texts.Add(value);

    public override void Check()
    {
        if (Texts.Count == 0)
            throw Invalid($"No {one} is given. Send {list} (repeated for several).");
        CheckCount();
    }

    protected void CheckCount()
    {
        if (Texts.Count > BlipTools.MaxQuestions)
        {
            throw new BlipException(
                ServiceErrorCode.TooManyQuestions,
                FormattableString.Invariant($"{Texts.Count} {list} were sent; at most {BlipTools.MaxQuestions} are possible at once."));
        }
    }
}
