using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Blip.Cli.Bench;
using Blip.Images;

namespace Blip.Cli;

/// <summary><c>blip bench</c>: measures how fast a model is on this machine.</summary>
internal static class BenchCommand
{
    private static readonly Option<string?> Image = new("--image")
    {
        Description = "The image. Without it blip draws a JPEG of 640x480.",
        HelpName = "FILE",
    };

    private static readonly Option<string> Question = new("--question")
    {
        Description = "The question.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => "how many dogs are in the picture?",
    };

    private static readonly Option<bool> Quick = new("--quick") { Description = "Run only 3 rounds, to see that it works." };
    private static readonly Option<bool> Bulk = new("--throughput")
    {
        Description = "Measure only questions about many images (one and seven for each image), against the networks alone.",
    };

    private static readonly Option<bool> Profile = new("--profile")
    {
        Description = "Show where the time goes: by operator, for 1 and 16 questions, beside the least possible time.",
    };

    private static readonly Option<bool> Json = new("--json") { Description = "Write the results as one JSON object." };

    public static Command Create()
    {
        Verb command = new(
            "bench", "Measure stages, latencies, throughput and memory on this machine.",
            "blip bench --quick",
            "blip bench --precision int8 --json",
            "blip bench --throughput --parallel 2",
            "blip bench --profile --precision int8")
        {
            ModelOptions.Model, ModelOptions.BaseModel, ModelOptions.ImageSize, ModelOptions.Device, ModelOptions.Precision,
            ModelOptions.Threads, ModelOptions.Parallel, Image, Question, Quick, Bulk, Profile, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        bool quick = parsed.GetValue(Quick);
        string question = parsed.GetRequiredValue(Question);
        using ImageReader reader = new(ImageLimits.Default);
        ReadOnlyMemory<byte> image = parsed.GetValue(Image) is { } path
            ? (await reader.ReadAsync(path, cancellationToken)).Data
            : BenchImage.Draw();
        BlipOptions options = ModelOptions.Options(parsed);
        // Without the cache, each call that gives image bytes encodes the image.
        options.ImageCacheBytes = 0;
        if (parsed.GetValue(Profile))
        {
            ProfileResult profile = await new ProfileRun(options, image, question, quick).RunAsync(cancellationToken);
            Write(parsed, profile, profile.Write);
            return 0;
        }
        BenchResult result;
        await using (BlipModel model = await ModelOptions.LoadAsync(options, cancellationToken))
            result = parsed.GetValue(Bulk)
                ? await new BulkRun(model, image, question, quick).RunAsync(cancellationToken)
                : await new BenchRun(model, image, question, quick).RunAsync(options.Threads, cancellationToken);
        for (int i = 0; i < (result.Bulk.Count > 0 ? 0 : quick ? 1 : 5); i++)
            result.Start.Add(await StartAsync(parsed, image, question, cancellationToken));

        Write(parsed, result, result.Write);
        return 0;
    }

    private static void Write(ParseResult parsed, object result, Action<Utf8JsonWriter> write)
    {
        if (parsed.GetValue(Json))
        {
            using JsonLines lines = new();
            lines.Write(write);
        }
        else
            Console.Out.WriteLine(result);
    }

    /// <summary>Measures the time of a whole process that asks one question, in milliseconds.</summary>
    private static async Task<double> StartAsync(
        ParseResult parsed, ReadOnlyMemory<byte> image, string question, CancellationToken cancellationToken)
    {
        string program = Environment.ProcessPath!;
        // If dotnet runs the program, then the program's file is the first argument of dotnet.
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        string model = parsed.GetRequiredValue(ModelOptions.Model);
        string device = $"{parsed.GetValue(ModelOptions.Device) ?? new DeviceChoice(BlipDevice.Auto, 0)}";
        string[] precision = parsed.GetValue(ModelOptions.Precision) is { } given ? ["--precision", given] : [];
        string[] whole = parsed.GetValue(ModelOptions.BaseModel) is { } named ? [ModelOptions.BaseModel.Name, named] : [];
        string[] size = parsed.GetValue(ModelOptions.ImageSize) is { } pixels
            ? [ModelOptions.ImageSize.Name, pixels.ToString(CultureInfo.InvariantCulture)] : [];
        string threads = parsed.GetValue(ModelOptions.Threads).ToString(CultureInfo.InvariantCulture);
        string[] words =
        [
            .. host, "ask", "--max-new-tokens", "2", "--model", model, .. whole, .. size, "--device", device, .. precision,
            "--threads", threads, "--", "-", question,
        ];
        ProcessStartInfo start = new(program, words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardInput.BaseStream.WriteAsync(image, cancellationToken);
        process.StandardInput.Close();
        await output;
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? milliseconds : throw new BlipException(BlipErrorCode.Internal, (await errors).Trim());
    }
}
