using Xunit;

namespace Blip.Hub.Tests;

/// <summary>Files that are damaged in the cache are found and downloaded again.</summary>
public sealed class HubRepairTests : HubTest
{
    [Theory]
    [InlineData("model.safetensors", false)]
    [InlineData("model.safetensors", true)]
    [InlineData("config.json", false)]
    [InlineData("vocab.txt", true)]
    public async Task Damaged_IsDownloadedAgain_AndNothingElse(string name, bool isCut)
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        string blob = Blob(server.Files[name]);
        byte[] bytes = await File.ReadAllBytesAsync(blob, Cancellation);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(blob, isCut ? bytes[..(bytes.Length / 2)] : bytes, Cancellation);
        server.Requests.Clear();

        using HubClient client = new(Options(server));
        HubRepair repair = await client.RepairAsync(HubServer.Id, cancellationToken: Cancellation);
        Assert.Equal([name], repair.Damaged);
        AssertExact(server, repair.Folder);
        HubRequest get = Assert.Single(server.Requests, request => request.Sent > 0);
        Assert.Equal(server.Files[name].Length, get.Sent);
        Assert.Empty((await client.RepairAsync(HubServer.Id, cancellationToken: Cancellation)).Damaged);
    }

    [Fact]
    public async Task Damaged_Offline_IsSaidAndKept()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        string blob = Blob(server.Files["vocab.txt"]);
        await File.WriteAllTextAsync(blob, "x", Cancellation);
        using HubClient client = new(Options(server, offline: true));
        BlipModelException e = await Assert.ThrowsAsync<BlipModelException>(
            () => client.RepairAsync(HubServer.Id, cancellationToken: Cancellation));
        Assert.Contains("vocab.txt", e.Message, StringComparison.Ordinal);
        Assert.Equal("x", await File.ReadAllTextAsync(blob, Cancellation));
    }

    [Fact]
    public void Remedy_NamesTheModel_ForFoldersOfTheCacheOnly()
    {
        Assert.Contains($"verify org/demo@{HubServer.Commit}", HubSnapshot.Remedy(Snapshot), StringComparison.Ordinal);
        Assert.Null(HubSnapshot.Remedy(Cache));
        Assert.Null(HubSnapshot.Remedy("/"));
    }
}
