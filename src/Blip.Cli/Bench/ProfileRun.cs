using Blip.Runtime;

namespace Blip.Cli.Bench;

/// <summary>Asks a model with ONNX Runtime's profile on: one question at a time and sixteen at once, on one encoded image.</summary>
internal sealed class ProfileRun(BlipOptions options, ReadOnlyMemory<byte> image, string question, bool quick)
{
    private static readonly AskOptions Short = new() { MaxNewTokens = 2 };

    private readonly int _rounds = quick ? 2 : 8;
    private readonly string[] _sixteen = [.. Enumerable.Repeat(question, 16)];

    /// <exception cref="BlipException">The model runs on a GPU, whose peaks are not measured.</exception>
    public async Task<ProfileResult> RunAsync(CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("blip-profile-").FullName;
        options.ProfileFolder = folder;
        try
        {
            ProfileResult result;
            await using (BlipModel model = await ModelOptions.LoadAsync(options, cancellationToken))
            {
                if (model.Info.Device != "cpu")
                    throw new BlipException(BlipErrorCode.DeviceUnavailable, "A profile is measured on the CPU only. Add --device cpu.");
                result = new ProfileResult(model.Info);
                Measure(result);
                for (int round = 0; round < _rounds; round++)
                    await RoundAsync(model, cancellationToken);
                Measure(result);
            }
            // The sessions wrote their profiles when the model was disposed. The first pass of each kind warmed up.
            result.Passes.AddRange(PassProfile.Read(folder, leftOut: 1));
            return result;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task RoundAsync(BlipModel model, CancellationToken cancellationToken)
    {
        using EncodedImage encoded = await model.EncodeAsync(BlipImage.FromBytes(image), cancellationToken);
        // The first ones read the image's embeddings, one of them projects its keys and values, the others read those.
        for (int i = 0; i < 12; i++)
            await model.AskAsync(encoded, question, Short, cancellationToken);
        await model.AskAsync(encoded, _sixteen, Short, cancellationToken);
    }

    private void Measure(ProfileResult result)
    {
        using MatrixPeak single = new(options.Threads, int8: false), int8 = new(options.Threads, int8: true);
        using MemoryPeak memory = new(options.Threads);
        for (int i = 0; i < 10; i++)
        {
            result.MatrixGflops.Add(single.Measure());
            result.MatrixInt8Gops.Add(int8.Measure());
            result.MemoryGigabytes.Add(memory.Measure());
        }
    }
}
