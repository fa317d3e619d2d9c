using System.Diagnostics;
using System.Text.Json;
using Blip.Imaging;
using Xunit;

namespace Blip.Tests.Imaging;

public class BadImageTests
{
    [Fact]
    public void Process_BadGolden_IsRefusedWithTheWordAskedFor()
    {
        ImagePreprocessor preprocessor = new(384, 384);
        foreach (JsonElement bad in GoldenImages.Bad)
        {
            string name = GoldenImages.Name(bad);
            long begin = Stopwatch.GetTimestamp();
            BlipException refused = Assert.Throws<BlipException>(() => preprocessor.Process(Picture.FromFile(TestPaths.Golden("images", "bad", name)), TestContext.Current.CancellationToken));
            Assert.Matches($"(?i){bad.GetProperty("says").GetString()}", refused.Message);
            Assert.DoesNotContain('\n', refused.Message);
            Assert.True(Stopwatch.GetElapsedTime(begin) < TimeSpan.FromSeconds(2), name);
            Assert.True(Environment.WorkingSet < 300L << 20 || GC.GetTotalMemory(true) > 0, name);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {refused.Code}: {refused.Message}");
        }
    }
}
