using System.Text.Json;
using Blip.AI;

namespace Blip.Hosting.Asking;

/// <summary>What <c>/api/ask</c> takes beside images: questions, how they are answered, and whether images are frames.</summary>
internal sealed class AskFields : RequestFields
{
    /// <summary>The original's list of answers has 3,128.</summary>
    private const int MaxChoices = 4096;

    private readonly List<string> _questions = [];
    private readonly AskMembers _members = new(AskOptions.Default);
    private bool _one, _many;
    private bool? _frames;

    public override string Expected =>
        "Send 'image', and 'question' or 'questions'; 'choices' or 'beams' change how they are answered, and 'frames' takes images as one.";

    public override bool Frames => _frames ?? false;

    /// <summary>The questions, in order.</summary>
    public IReadOnlyList<string> Questions => _questions;

    /// <summary>Whether the answer is a list. A list may have only one answer.</summary>
    public bool IsMany => _many || _questions.Count > 1;

    /// <summary>How the answers are found.</summary>
    public AskOptions Options => _members.Options;

    public override bool Has(string name) => name is "question" or "questions" or "frames" || AskMembers.Has(name);

    public override void Read(string name, JsonElement value)
    {
        switch (name)
        {
            case "question":
                _one = true;
                _questions.Add(Bodies.Text(value, name));
                break;
            case "questions" when value.ValueKind == JsonValueKind.Array:
                _many = true;
                _questions.AddRange(value.EnumerateArray().Select(question => Bodies.Text(question, name)));
                break;
            case "questions":
                throw Invalid("'questions' must be an array of strings.");
            case "frames":
                Read(name, value.GetRawText());
                break;
            default:
                _members.Read(name, value);
                break;
        }
    }

    public override void Read(string name, string value)
    {
        switch (name)
        {
            case "question":
                _questions.Add(value);
                break;
            case "questions":
                throw Invalid("'questions' is for JSON. Send 'question', repeated for several questions.");
            case "frames":
                if (_frames is not null)
                    throw Invalid("'frames' is given twice. Give it once.");
                _frames = value is "true" or "false" ? value == "true" : throw Invalid("'frames' must be true or false.");
                break;
            default:
                _members.Read(name, value);
                break;
        }
    }

    public override void Check()
    {
        if (_one && _many)
            throw Invalid("The JSON has both 'question' and 'questions'. Send one of them.");
        int count = _questions.Count;
        if (Options.Choices is { } choices && (long)choices.Count * count > MaxChoices)
        {
            string each = count == 1 ? "" : FormattableString.Invariant($" for each of {count} questions");
            throw Invalid(FormattableString.Invariant(
                $"{choices.Count} choices{each} are too many for one request; {MaxChoices:N0} in all are possible."));
        }
        if (count == 0)
            throw Invalid("No question is given. Send question (repeated for several).");
        if (count > BlipTools.MaxQuestions)
        {
            throw new BlipException(
                ServiceErrorCode.TooManyQuestions,
                FormattableString.Invariant($"{count} questions were sent; at most {BlipTools.MaxQuestions} are possible at once."));
        }
    }
}
