using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Blip.AI;

namespace Blip.Hosting.Blobs;

/// <summary>
/// Finds the questions about an image: in its metadata, or else in its side file, or else in the configuration. A side file is a blob
/// next to the image.
/// </summary>
internal static class BlobQuestions
{
    /// <summary>The name of a side file is the name of its image and this.</summary>
    public const string Suffix = ".questions.json";

    private const string MetadataName = "questions";
    private const int MaxSideFileBytes = 64 * 1024;

    /// <exception cref="BlipException">The metadata or the side file is not an array of 1 to 16 strings.</exception>
    public static async Task<IReadOnlyList<string>> FindAsync(
        BlobClient image, IDictionary<string, string> metadata, BlobAnsweringOptions options, CancellationToken cancellationToken)
    {
        foreach ((string name, string value) in metadata)
        {
            if (name.Equals(MetadataName, StringComparison.OrdinalIgnoreCase))
                return Parse(BinaryData.FromString(value), "metadata 'questions'");
        }
        BlobClient side = image.GetParentBlobContainerClient().GetBlobClient(image.Name + Suffix);
        try
        {
            using BlobDownloadStreamingResult file = await side
                .DownloadStreamingAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            if (file.Details.ContentLength > MaxSideFileBytes)
                throw Invalid("side file");
            return Parse(await BinaryData.FromStreamAsync(file.Content, cancellationToken).ConfigureAwait(false), "side file");
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 400)
        {
            // There is no side file, or its name would be too long for a blob.
            return options.Questions.Count > 0 ? options.Questions : [BlobAnsweringOptions.DefaultQuestion];
        }
    }

    /// <summary>Reads a JSON array of questions; <see langword="null"/> if the text is not an array of 1 to 16 strings.</summary>
    public static string[]? TryParse(BinaryData json)
    {
        ReadOnlySpan<byte> text = json.ToMemory().Span;
        // Windows PowerShell begins a file in UTF-8 with a byte order mark.
        if (text.StartsWith("\uFEFF"u8))
            text = text[3..];
        try
        {
            string[]? questions = JsonSerializer.Deserialize(text, ToolJson.Default.StringArray);
            return questions is { Length: > 0 and <= BlipTools.MaxQuestions } && !questions.Contains(null) ? questions : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string[] Parse(BinaryData json, string where) => TryParse(json) ?? throw Invalid(where);

    private static BlipException Invalid(string where) => new(
        BlipErrorCode.InvalidRequest,
        $"The image's {where} must be a JSON array of 1 to {BlipTools.MaxQuestions} strings, in UTF-8. "
            + "Correct it and send the image again.");
}
