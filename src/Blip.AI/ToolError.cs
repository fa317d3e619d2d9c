using System.Globalization;
using System.Text.Json.Serialization;

namespace Blip.AI;

/// <summary>A failure as data, with a hint if the language model can do something about it.</summary>
public sealed record ToolError
{
    /// <summary>
    /// A code of <see cref="BlipErrorCode"/>, <see cref="Images.ImageSourceErrorCode"/> or <see cref="ServiceErrorCode"/>.
    /// </summary>
    [JsonPropertyName("code")]
    public required string Code { get; init; }

    /// <summary>What was found and what is allowed.</summary>
    [JsonPropertyName("message")]
    public required string Message { get; init; }

    /// <summary>What to do next.</summary>
    [JsonPropertyName("hint"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hint { get; init; }

    /// <summary>An answer that is withheld, which is an outcome, not a failure.</summary>
    internal static ToolError LowConfidence { get; } = new()
    {
        Code = BlipErrorCode.LowConfidence,
        Message = "The vision model is not sure.",
        Hint = "Say so, or ask a simpler question.",
    };

    /// <summary>Whether the tool could not do its work.</summary>
    internal bool IsFailure => Code != BlipErrorCode.LowConfidence;

    /// <summary>The message, with the code.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Code}: {Message}");

    /// <param name="exception">What went wrong.</param>
    /// <param name="hintFor">The hint for a code, depending on where the tools are called.</param>
    internal static ToolError From(Exception exception, Func<string, string?> hintFor) => exception switch
    {
        // The messages name the model's files, which only the operator may learn of.
        BlipModelException model => new()
        {
            Code = model.Code,
            Message = "The vision model cannot be used.",
            Hint = "Tell the user that image questions cannot be answered at the moment.",
        },
        BlipException known when hintFor(known.Code) is { } hint =>
            new() { Code = known.Code, Message = FirstSentence(known.Message), Hint = hint },
        BlipException known => new() { Code = known.Code, Message = known.Message },
        _ => new() { Code = BlipErrorCode.Internal, Message = "The image tool failed.", Hint = "Try once more; then continue without it." },
    };

    /// <summary>What went wrong. The sentence after it says what to do, as the hint does, which knows what works here.</summary>
    private static string FirstSentence(string message) => message.Split(". ", 2) is [{ } first, _] ? first + "." : message;
}
