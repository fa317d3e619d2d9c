using Xunit;

namespace Blip.Tests;

/// <summary>Counts the allocations of the whole process, so no other test may run at the same time.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests(DemoModelFixture demo) : IClassFixture<DemoModelFixture>
{
    [Fact]
    public async Task Ask_AboutAnEncodedImage_AllocatesLessThan64Kilobytes()
    {
        const int Questions = 200;
        CancellationToken stop = TestContext.Current.CancellationToken;
        using EncodedImage encoded = await demo.Model.EncodeAsync(BlipImage.FromFile(TestPaths.Sample("dogs.jpg")), stop);
        for (int i = 0; i < 20; i++)
            await AskAsync();
        long before = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Questions; i++)
            await AskAsync();
        Assert.InRange((GC.GetTotalAllocatedBytes(precise: true) - before) / Questions, 0, 64 * 1024);

        Task<Answer> AskAsync() => demo.Model.AskAsync(encoded, "how many dogs are in the picture?", cancellationToken: stop);
    }
}
