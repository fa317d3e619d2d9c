using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Blip.Cli.Bench;

namespace Blip.Cli;

/// <summary><c>blip bench</c>: how fast a model is on the user's own machine.</summary>
internal static class BenchCommand
{
    private static readonly Option<string?> Image = new("--image") { Description = "The image; a drawn JPEG of 640x480 unless given.", HelpName = "FILE" };
    private static readonly Option<string> Question = new("--question") { Description = "The question.", HelpName = "TEXT", DefaultValueFactory = _ => "how many dogs are in the picture?" };
    private static readonly Option<bool> Quick = new("--quick") { Description = "A few rounds only, to see that it works." };
    private static readonly Option<bool> Json = new("--json") { Description = "One JSON object." };

    public static Command Create()
    {
        Command command = new("bench", "Measure stages, latencies, throughput and memory on this machine.")
        {
            ModelOptions.Model, ModelOptions.Device, ModelOptions.Precision, ModelOptions.Threads, Image, Question, Quick, Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        bool quick = parsed.GetValue(Quick);
        string question = parsed.GetRequiredValue(Question);
        using ImageReader reader = new();
        ReadOnlyMemory<byte> image = parsed.GetValue(Image) is { } path ? (await reader.ReadAsync(path, cancellationToken)).Data : BenchImage.Draw();
        BlipOptions options = ModelOptions.Options(parsed);
        // Every question is to be a first one unless it says otherwise.
        options.ImageCacheBytes = 0;
        BenchResult result;
        await using (BlipModel model = await ModelOptions.LoadAsync(options, cancellationToken))
            result = await new BenchRun(model, image, question, quick).RunAsync(options.Threads, cancellationToken);
        for (int i = 0; i < (quick ? 1 : 5); i++)
            result.Start.Add(await StartAsync(parsed, image, question, cancellationToken));

        if (parsed.GetValue(Json))
        {
            using JsonLines lines = new();
            lines.Write(result.Write);
        }
        else
            Console.Out.WriteLine(result);
        return 0;
    }

    /// <summary>The time of a whole process that asks one question, in milliseconds.</summary>
    private static async Task<double> StartAsync(ParseResult parsed, ReadOnlyMemory<byte> image, string question, CancellationToken cancellationToken)
    {
        string program = Environment.ProcessPath!;
        ProcessStartInfo start = new(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // Run by its host, the program is the host's first argument.
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (string word in (string[])["ask", "--max-new-tokens", "2", "--model", parsed.GetRequiredValue(ModelOptions.Model), "--device", parsed.GetRequiredValue(ModelOptions.Device)])
            start.ArgumentList.Add(word);
        if (parsed.GetValue(ModelOptions.Precision) is { } precision)
        {
            start.ArgumentList.Add("--precision");
            start.ArgumentList.Add(precision);
        }
        start.ArgumentList.Add("--threads");
        start.ArgumentList.Add(parsed.GetValue(ModelOptions.Threads).ToString(CultureInfo.InvariantCulture));
        foreach (string word in (string[])["--", "-", question])
            start.ArgumentList.Add(word);
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken), errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardInput.BaseStream.WriteAsync(image, cancellationToken);
        process.StandardInput.Close();
        await output;
        double milliseconds = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? milliseconds : throw new BlipException(BlipErrorCode.Internal, (await errors).Trim());
    }
}
