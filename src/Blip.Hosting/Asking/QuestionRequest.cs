using Blip.AI.Asking;

namespace Blip.Hosting.Asking;

/// <summary>What a request in the form of OpenAI or of Ollama asks of BLIP. The rest of it has no effect.</summary>
internal sealed record QuestionRequest
{
    /// <summary>The name of the model; <see langword="null"/> if the request names none.</summary>
    public string? Model { get; init; }

    /// <summary>The question.</summary>
    public required string Question { get; init; }

    /// <summary>The images that it is asked about, one or more, each as an address, a data URI or a handle.</summary>
    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>The largest number of tokens in an answer; <see langword="null"/> if the request sets none.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Whether the answer is sent as server-sent events.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether the answer has the log-probability of each token.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>How many of the most likely tokens stand beside each token: 0 to 20.</summary>
    public int TopLogProbabilities { get; init; }

    /// <summary>The form of the answer; <see langword="null"/> for plain words.</summary>
    public AnswerSchema? Schema { get; init; }

    /// <summary>Refuses what cannot be done together.</summary>
    /// <param name="format">The request's member that holds the schema.</param>
    /// <param name="logProbabilities">The request's member that asks for log-probabilities.</param>
    public QuestionRequest Check(string format, string logProbabilities)
    {
        if (Schema is not null && Images.Count > 1)
            throw RequestMembers.Invalid(format, "A JSON schema is answered about one image. Ask about one image at a time.");
        if (Schema is not null && LogProbabilities)
            throw RequestMembers.Invalid(
                logProbabilities, "The tokens of an answer are words, not JSON. Ask for log-probabilities or for a JSON schema, not both.");
        return this;
    }

    /// <summary>Refuses a request that wants a tool to be called. Tools that need not be called have no effect.</summary>
    public static void RefuseTools(RequestMembers root, params ReadOnlySpan<string> choices)
    {
        foreach (string name in choices)
        {
            if (root.Choice(name) is not (null or "none" or "auto"))
                throw RequestMembers.Invalid(name, $"'{name}' asks for a tool, but BLIP cannot call tools. Leave it out.");
        }
    }
}
