using Blip.Checkpoints;
using Microsoft.Extensions.Logging;

namespace Blip.Tests.Runtime;

/// <summary>A small model asked in int8 over a folder of kept weights, and what it warned of.</summary>
internal sealed class KeptModel(string cache)
{
    public static string Base { get; } = GoldenModels.Folder("base");

    /// <summary>The warnings of the last start.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The one file with weights.</summary>
    public string File => Xunit.Assert.Single(Directory.GetFiles(cache, "*.safetensors"));

    /// <summary>Starts the model, and asks it: the probabilities of every token.</summary>
    public async Task<float[]> AskAsync(string? model = null)
    {
        Warnings.Clear();
        using WarningList warnings = new(Warnings);
        BlipOptions options = new()
        {
            Model = model ?? Base, Device = BlipDevice.Cpu, Precision = BlipPrecision.Int8, CacheDirectory = cache,
        };
        await using BlipModel loaded = await BlipModel.LoadAsync(options, new BlipServices { LoggerFactory = warnings });
        Answer[] answers = await loaded.AskAsync(
            BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), ["how many dogs are in the picture?", "is it day or night?"]);
        return [.. answers.SelectMany(answer => answer.TokenLogProbabilities)];
    }

    /// <summary>Copies a model, all its files with one time, as a build that can be repeated does.</summary>
    public static string CopyTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Base))
            WriteFile(Path.Combine(folder, Path.GetFileName(file)), System.IO.File.ReadAllBytes(file));
        return folder;
    }

    /// <summary>Writes a file of a model with the time that all have.</summary>
    public static void WriteFile(string path, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(path, bytes);
        System.IO.File.SetLastWriteTimeUtc(path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
    }

    /// <summary>The model's weights with other numbers in one tensor, between the places that a sample reads.</summary>
    public static byte[] OtherWeights(string folder, string tensor = "text_encoder.embeddings.word_embeddings.weight")
    {
        byte[] bytes = System.IO.File.ReadAllBytes(Path.Combine(folder, "model.safetensors"));
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        CheckpointTensor found = checkpoint.Tensors[tensor];
        for (long at = found.Offset + 256; at < found.Offset + (found.ByteLength / 2) - 256; at += sizeof(float))
            bytes[at + 3] ^= 0x80;
        return bytes;
    }

    private sealed class WarningList(List<string> lines) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id is 203 or 204)
                lines.Add(formatter(state, exception));
        }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
