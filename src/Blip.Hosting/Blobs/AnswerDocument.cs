using System.Buffers;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace Blip.Hosting.Blobs;

/// <summary>The document that is stored for an image. It has the answers, or the error if the image cannot be used.</summary>
/// <param name="ImageETag">The version of the image.</param>
/// <param name="ModelDigest">The digest of the model that answered.</param>
/// <param name="Answers">The answers in the order of the questions. <see langword="null"/> if there is an error.</param>
/// <param name="Error">The error. <see langword="null"/> if there are answers.</param>
internal sealed record AnswerDocument(ETag ImageETag, string ModelDigest, IReadOnlyList<QuestionOutcome>? Answers, BlipException? Error)
{
    private const string MetadataName = "blip_document";

    /// <summary>The caption, where the settings ask for one.</summary>
    public Caption? Caption { get; init; }

    /// <summary>What tells a document from an image. Its name and content can be those of any other file.</summary>
    public static IDictionary<string, string> Metadata => new Dictionary<string, string> { [MetadataName] = "1" };

    public static bool Is(IDictionary<string, string> metadata) =>
        metadata.Keys.Contains(MetadataName, StringComparer.OrdinalIgnoreCase);

    public BinaryData ToJson(DateTimeOffset answeredAt)
    {
        ArrayBufferWriter<byte> body = new(1024);
        Bodies.WriteJson(body, writer =>
        {
            writer.WriteStartObject();
            if (Answers is not null)
            {
                AnswersJson.Write(writer, Answers);
                if (Caption is not null)
                {
                    writer.WritePropertyName("caption");
                    CaptionJson.Write(writer, Caption);
                }
            }
            else
            {
                writer.WriteStartObject("error");
                writer.WriteString("code", Error!.Code);
                writer.WriteString("message", Error.Message);
                writer.WriteEndObject();
            }
            writer.WriteString("image_etag", ImageETag.ToString());
            writer.WriteString("model_digest", ModelDigest);
            writer.WriteString("answered_at", answeredAt);
            writer.WriteEndObject();
        });
        return BinaryData.FromBytes(body.WrittenMemory);
    }

    /// <summary>
    /// Reads the stored document. The result has its version, for a conditional write, and whether it has the answers of this model to
    /// these questions about this version of the image, and a caption where one is asked for.
    /// </summary>
    public static async Task<(ETag? Version, bool IsSame)> FindAsync(
        BlobClient document, ETag imageETag, string modelDigest, IReadOnlyList<string>? questions, bool captions,
        CancellationToken cancellationToken)
    {
        BlobDownloadResult stored;
        try
        {
            stored = await document.DownloadContentAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            return (null, false);
        }
        return (stored.Details.ETag, questions is not null && IsAnsweredBy(stored.Content, imageETag, modelDigest, questions, captions));
    }

    private static bool IsAnsweredBy(
        BinaryData content, ETag imageETag, string modelDigest, IReadOnlyList<string> questions, bool captions)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(content);
            return json.RootElement.GetProperty("image_etag").ValueEquals(imageETag.ToString())
                && json.RootElement.GetProperty("model_digest").ValueEquals(modelDigest)
                && (!captions || json.RootElement.TryGetProperty("caption", out _))
                && json.RootElement.TryGetProperty("answers", out JsonElement answers)
                && answers.EnumerateArray().Select(answer => answer.GetProperty("question").GetString()).SequenceEqual(questions);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // The blob with this name is not such a document. It is replaced.
            return false;
        }
    }
}
