using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Blip.AI;

namespace Blip.Hosting.Blobs;

/// <summary>Finds what is asked about an image: its metadata, else its side file, else the configuration.</summary>
internal static class BlobQuestions
{
    /// <summary>How a side file's name ends, after the image's.</summary>
    public const string Suffix = ".questions.json";

    private const string MetadataName = "questions";
    private const int MaxSideFileBytes = 64 * 1024;

    /// <exception cref="BlipException">What was found is no array of 1 to 16 strings.</exception>
    public static async Task<IReadOnlyList<string>> FindAsync(BlobClient image, IDictionary<string, string> metadata, BlobAnsweringOptions options, CancellationToken cancellationToken)
    {
        foreach ((string name, string value) in metadata)
        {
            if (name.Equals(MetadataName, StringComparison.OrdinalIgnoreCase))
                return Parse(BinaryData.FromString(value), "metadata 'questions'");
        }
        BlobClient side = image.GetParentBlobContainerClient().GetBlobClient(image.Name + Suffix);
        try
        {
            using BlobDownloadStreamingResult file = await side.DownloadStreamingAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            if (file.Details.ContentLength > MaxSideFileBytes)
                throw Invalid("side file");
            return Parse(await BinaryData.FromStreamAsync(file.Content, cancellationToken).ConfigureAwait(false), "side file");
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 400)
        {
            // None; or its name would be longer than a name may be.
            return options.Questions.Count > 0 ? options.Questions : [BlobAnsweringOptions.DefaultQuestion];
        }
    }

    private static string[] Parse(BinaryData json, string where)
    {
        try
        {
            return JsonSerializer.Deserialize<string[]>(json) is { Length: > 0 and <= BlipTools.MaxQuestions } questions && !questions.Contains(null) ? questions : throw Invalid(where);
        }
        catch (JsonException)
        {
            throw Invalid(where);
        }
    }

    private static BlipException Invalid(string where) =>
        new(BlipErrorCode.InvalidRequest, $"The image's {where} is no JSON array of 1 to {BlipTools.MaxQuestions} strings. Mend it and send the image again.");
}
