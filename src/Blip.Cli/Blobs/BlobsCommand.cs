using System.CommandLine;
using System.Globalization;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;
using Blip.AI;
using Blip.AI.Images;
using Blip.Hosting.Blobs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Blip.Cli.Blobs;

/// <summary><c>blip blobs</c>: catches up with images in a container, and tries again those that the Functions app gave up.</summary>
internal static class BlobsCommand
{
    private const int ImagesAtOnce = 4;

    private static readonly Argument<string> Container = new("CONTAINER") { Description = "The container of the images." };

    private static readonly Option<string> Prefix = new("--prefix")
    {
        Description = "Only images whose names begin with this.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "",
    };

    private static readonly Option<string?> Questions = new("--questions")
    {
        Description = "A file with a JSON array of questions, for images that have none of their own.",
        HelpName = "FILE.json",
    };

    private static readonly Option<string> Answers = new("--answers")
    {
        Description = "The container of the answers.",
        HelpName = "CONTAINER",
        DefaultValueFactory = _ => "answers",
    };

    private static readonly Option<string?> Queue = new("--queue")
    {
        Description = "Leave the work to the Functions app: its setting BlipBacklog names this queue.",
        HelpName = "NAME",
    };

    public static Command Create()
    {
        Command answer = new("answer", "Answer the images that are in a container already, each in its document NAME.json.")
        {
            Container, Prefix, Questions, Answers, Queue, StorageAccount.Account, StorageAccount.Connection, ModelOptions.Model,
            ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device, ModelOptions.Precision, ModelOptions.Threads,
        };
        answer.SetAction((parsed, cancellationToken) => StorageAccount.GuardAsync(() => AnswerAsync(parsed, cancellationToken)));
        Command requeue = new("requeue", "Try again the images that the Functions app gave up.")
        {
            StorageAccount.Account, StorageAccount.Connection,
        };
        requeue.SetAction((parsed, cancellationToken) => StorageAccount.GuardAsync(() => RequeueAsync(parsed, cancellationToken)));
        return new Command("blobs", "Answer images in a container of Azure Storage.") { answer, requeue };
    }

    private static async Task<int> RequeueAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        StorageAccount account = new(parsed);
        (int requeued, int gone, int kept) = await PoisonedImages.RequeueAsync(
            account.Queue(PoisonedImages.QueueName, QueueMessageEncoding.None), account.Blobs, cancellationToken);
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"brought back: {requeued:N0}, deleted meanwhile: {gone:N0}, leased or archived: {kept:N0}"));
        return kept == 0 ? 0 : CommandLine.Failure;
    }

    private static async Task<int> AnswerAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string container = parsed.GetRequiredValue(Container), answers = parsed.GetRequiredValue(Answers);
        string prefix = parsed.GetRequiredValue(Prefix);
        if (container == answers)
            throw new BlipException(BlipErrorCode.InvalidRequest, "--answers is the container of the images. Name another one.");
        StorageAccount account = new(parsed);
        BlobServiceClient blobs = account.Blobs;
        if (parsed.GetValue(Queue) is { } queue)
        {
            if (parsed.GetValue(Questions) is not null)
                throw new BlipException(
                    BlipErrorCode.InvalidRequest,
                    "Give --questions or --queue, not both: with --queue the app asks its own questions (Blip:Blobs:Questions).");
            QueueClient messages = account.Queue(queue);
            await messages.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            await messages.SendMessageAsync(BlobBacklog.FirstMessage(container, prefix), cancellationToken);
            Console.Out.WriteLine($"left to the Functions app; its progress is in {answers}/.backlog");
            return 0;
        }
        BlobAnsweringOptions asked = new() { Questions = ReadQuestions(parsed.GetValue(Questions)), TryTime = TimeSpan.FromMinutes(1) };
        BlipOptions options = new();
        ModelOptions.Apply(parsed, options);
        await using BlipService service = new(Options.Create(options));
        BlipModel model = await DownloadProgress.ShowAsync(options.Model, progress => service.GetModelAsync(progress, cancellationToken));
        Console.Error.WriteLine(ModelOptions.Describe(model.Info));
        BlobAnswering answering = new(
            service, Options.Create(asked), Options.Create(new ImageSourceOptions()), TimeProvider.System,
            NullLogger<BlobAnswering>.Instance);
        return await AnswerAllAsync(
            answering, blobs.GetBlobContainerClient(container), prefix, blobs.GetBlobContainerClient(answers), cancellationToken);
    }

    private static async Task<int> AnswerAllAsync(
        BlobAnswering answering, BlobContainerClient images, string prefix, BlobContainerClient answers,
        CancellationToken cancellationToken)
    {
        int answered = 0, before = 0, refused = 0, failed = 0, seen = 0;
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = ImagesAtOnce, CancellationToken = cancellationToken };
        IAsyncEnumerable<BlobItem> all = images.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, cancellationToken);
        await Parallel.ForEachAsync(all.Where(blob => BlobBacklog.MayBeImage(blob.Name)), parallel, async (blob, end) =>
        {
            try
            {
                switch (await answering.AnswerOneAsync(images.GetBlobClient(blob.Name), answers, end))
                {
                    case BlobOutcome.Answered:
                        Interlocked.Increment(ref answered);
                        break;
                    case BlobOutcome.AnsweredBefore:
                        Interlocked.Increment(ref before);
                        break;
                    case BlobOutcome.Refused:
                        Interlocked.Increment(ref refused);
                        break;
                }
            }
            catch (Exception exception) when (!end.IsCancellationRequested)
            {
                Interlocked.Increment(ref failed);
                CommandLine.WriteError($"{blob.Name}: {StorageAccount.Describe(exception)}");
            }
            if (Interlocked.Increment(ref seen) % 100 == 0)
                Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seen:N0} images"));
        });
        Console.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"answered: {answered:N0}, answered before: {before:N0}, cannot be answered: {refused:N0}, failed: {failed:N0}"));
        return failed == 0 ? 0 : CommandLine.Failure;
    }

    private static string[] ReadQuestions(string? path)
    {
        if (path is null)
            return [];
        return BlobQuestions.TryParse(BinaryData.FromString(InputLines.ReadText(path))) ?? throw new BlipException(
            BlipErrorCode.InvalidRequest,
            $"{path} is not a JSON array of 1 to {BlipTools.MaxQuestions} strings. Write [\"is there a cat?\"].");
    }
}
