using BenchmarkDotNet.Attributes;

namespace Blip.Benchmarks;

/// <summary>
/// The time and the allocations of a question about an encoded image, with the demo model or with the model in the folder that
/// <c>BLIP_MODEL</c> names.
/// </summary>
[MemoryDiagnoser]
public class QuestionBenchmarks
{
    private static readonly AskOptions Short = new() { MaxNewTokens = 2 };

    private BlipModel _model = null!;
    private EncodedImage _encoded = null!;

    [GlobalSetup]
    public async Task LoadAsync()
    {
        _model = await BlipModel.LoadAsync(Environment.GetEnvironmentVariable("BLIP_MODEL") ?? BlipModel.DemoModel);
        _encoded = await _model.EncodeAsync(BlipImage.FromFile(Path.Combine(AppContext.BaseDirectory, "dogs.jpg")));
    }

    [GlobalCleanup]
    public async Task DisposeAsync()
    {
        _encoded.Dispose();
        await _model.DisposeAsync();
    }

    [Benchmark]
    public Task<Answer> FurtherQuestion() => _model.AskAsync(_encoded, "how many dogs are in the picture?", Short);
}
