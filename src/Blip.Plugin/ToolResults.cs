using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Blip.Plugin;

/// <summary>What <c>ask_image</c> gives: an answer or an error. Its text form is the plain answer, for templates.</summary>
public sealed record ImageAnswer
{
    /// <summary>The answer in a few words.</summary>
    [JsonPropertyName("answer"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The answer in a few words.")]
    public string? Answer { get; init; }

    /// <summary>The probability of the whole answer, 0 to 1, in hundredths.</summary>
    [JsonPropertyName("confidence"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("How sure the vision model is, 0 to 1.")]
    public double? Confidence { get; init; }

    /// <summary>At most two other beginnings of the answer, likeliest first.</summary>
    [JsonPropertyName("alternatives"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("Other answers it considered.")]
    public IReadOnlyList<string>? Alternatives { get; init; }

    /// <summary>The image: its short handle where it has one, else the name of its file or host.</summary>
    [JsonPropertyName("image"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("The image that was looked at.")]
    public string? Image { get; init; }

    /// <summary>What went wrong, in place of an answer.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to mend it.")]
    public ToolError? Error { get; init; }

    /// <summary>The answer alone, or the error's message.</summary>
    public override string ToString() => Answer ?? Error?.ToString() ?? "";

    internal static ImageAnswer From(Answer answer, string? image) => new()
    {
        Answer = answer.Text,
        Confidence = Math.Round(answer.Confidence, 2),
        Alternatives = [.. answer.Alternatives.Skip(1).Where(a => a.Probability >= 0.01).Take(2).Select(a => a.Text)],
        Image = image,
    };
}

/// <summary>What the tools with several answers give, in the order of what was asked.</summary>
public sealed record ImageAnswers
{
    /// <summary>One entry for each question, or for each image.</summary>
    [JsonPropertyName("answers"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("One entry for each question or image, in order.")]
    public IReadOnlyList<ImageAnswer>? Answers { get; init; }

    /// <summary>What went wrong with the whole request.</summary>
    [JsonPropertyName("error"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [Description("What went wrong, and how to mend it.")]
    public ToolError? Error { get; init; }

    /// <summary>The answers, a line each, or the error's message.</summary>
    public override string ToString() => Error?.ToString() ?? string.Join('\n', Answers ?? []);
}

/// <summary>What <c>list_images</c> gives.</summary>
public sealed record ImageList
{
    /// <summary>The images of this conversation, oldest first.</summary>
    [JsonPropertyName("images")]
    [Description("The images in this conversation, oldest first.")]
    public required IReadOnlyList<ListedImage> Images { get; init; }

    /// <summary>What to do where there are none.</summary>
    [JsonPropertyName("hint"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>The handles, a line each, or the hint.</summary>
    public override string ToString() => Hint ?? string.Join('\n', Images.Select(i => i.Image));
}

/// <summary>An image of the conversation.</summary>
public sealed record ListedImage
{
    /// <summary>Its handle.</summary>
    [JsonPropertyName("image")]
    public required string Image { get; init; }

    /// <summary>Its media type by content, such as <c>image/jpeg</c>.</summary>
    [JsonPropertyName("type"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Type { get; init; }

    /// <summary>Its size in bytes.</summary>
    [JsonPropertyName("bytes")]
    public required long Bytes { get; init; }
}

/// <summary>A failure as data: what a language model can mend, it is told how.</summary>
public sealed record ToolError
{
    /// <summary>One of <see cref="BlipErrorCode"/>.</summary>
    [JsonPropertyName("code")]
    public required string Code { get; init; }

    /// <summary>What was found and what is allowed.</summary>
    [JsonPropertyName("message")]
    public required string Message { get; init; }

    /// <summary>What to do next.</summary>
    [JsonPropertyName("hint"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>The message, with the code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code}: {Message}");

    internal static ToolError From(Exception exception) => exception switch
    {
        // A model's files are the operator's affair, and its messages name them.
        BlipModelException model => new() { Code = model.Code, Message = "The vision model cannot be used.", Hint = "Tell the user that image questions cannot be answered at the moment." },
        BlipException known => new() { Code = known.Code, Message = known.Message, Hint = HintFor(known.Code) },
        _ => new() { Code = BlipErrorCode.Internal, Message = "The image tool failed.", Hint = "Try once more; then go on without it." },
    };

    private static string? HintFor(string code) => code switch
    {
        BlipErrorCode.ImageNotFound => "Call list_images for the names that there are.",
        BlipErrorCode.HostNotAllowed or BlipErrorCode.AddressNotAllowed or BlipErrorCode.FileNotAllowed => "Do not try other spellings. Ask the user to attach the image.",
        BlipErrorCode.QuestionEmpty or BlipErrorCode.QuestionTooLong or BlipErrorCode.TooManyQuestions => "Ask fewer or shorter questions.",
        BlipErrorCode.Busy or BlipErrorCode.ModelLoading or BlipErrorCode.Timeout => "Try again in a moment.",
        _ => null,
    };
}
