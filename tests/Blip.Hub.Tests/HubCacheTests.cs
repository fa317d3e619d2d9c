using Xunit;

namespace Blip.Hub.Tests;

public sealed class HubCacheTests : HubTest
{
    private static readonly string Next = new('a', 40);

    private HubCache Open() => new(new HubOptions { CacheFolder = Cache, Environment = _ => null });

    [Fact]
    public void List_NoFolder_IsEmpty() =>
        Assert.Empty(new HubCache(new HubOptions { CacheFolder = Path.Combine(Cache, "none"), Environment = _ => null }).List());

    [Fact]
    public void List_PythonCache_DescribesIt()
    {
        MakePythonCache();
        Directory.CreateDirectory(Path.Combine(Cache, "datasets--org--other"));
        Directory.CreateDirectory(Path.Combine(Cache, "models--..--evil"));
        HubCachedModel model = Assert.Single(Open().List());
        Assert.Equal(HubServer.Id, model.Id);
        Assert.True(model.Usable);
        HubCachedRevision revision = Assert.Single(model.Revisions);
        Assert.Equal((HubServer.Commit, 10, true, Snapshot), (revision.Commit, revision.Files, revision.Usable, revision.Folder));
        Assert.Equal(["main"], revision.References);
        IEnumerable<GoldenEntry> blobs = GoldenEntry.ReadTree().Where(entry => entry.Path.Contains("/blobs/", StringComparison.Ordinal));
        Assert.Equal(blobs.Sum(entry => entry.Size), revision.Size);
        Assert.True(model.SizeOnDisk >= revision.Size);
        Assert.Equal(Snapshot, Open().Find(HubServer.Id));
        Assert.Null(Open().Find("org/other"));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("preprocessor_config.json")]
    public void List_FileMissing_IsNotUsable(string name)
    {
        MakePythonCache(entry => !entry.Path.EndsWith("/" + name, StringComparison.Ordinal));
        Assert.False(Assert.Single(Open().List()).Usable);
        Assert.Null(Open().Find(HubServer.Id));
    }

    [Fact]
    public void Remove_Model_LeavesOthersAlone()
    {
        MakePythonCache();
        Directory.CreateDirectory(Path.Combine(Cache, "models--org--demo2", "blobs"));
        long size = Open().List()[0].SizeOnDisk;
        HubRemoval removal = Open().Remove(HubServer.Id);
        Assert.Equal((HubServer.Id, size), (removal.Id, removal.BytesFreed));
        Assert.Equal([HubServer.Commit], removal.Commits);
        Assert.False(Directory.Exists(Repository));
        Assert.Equal("org/demo2", Assert.Single(Open().List()).Id);
    }

    [Fact]
    public async Task Remove_Revision_KeepsWhatOthersShare()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        server.Revisions["main"] = server.Revisions[Next] = Next;
        byte[] old = server.Files["config.json"];
        server.Files["config.json"] = [.. old, (byte)'\n'];
        await DownloadAsync(server);

        HubRemoval removal = Open().Remove($"{HubServer.Id}@{HubServer.Commit}");
        Assert.Equal([HubServer.Commit], removal.Commits);
        Assert.Equal(old.Length, removal.BytesFreed);
        Assert.False(Directory.Exists(Snapshot));
        Assert.False(Directory.Exists(Path.Combine(Repository, ".no_exist", HubServer.Commit)));
        AssertExact(server, Assert.Single(Open().List()[0].Revisions).Folder);

        Assert.Equal([Next], Open().Remove($"{HubServer.Id}@main").Commits);
        Assert.False(Directory.Exists(Repository));
    }

    [Theory]
    [InlineData("org/other")]
    [InlineData("org/demo@other")]
    [InlineData("org/demo@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public void Remove_NotThere_IsAnError(string id)
    {
        MakePythonCache();
        Assert.Equal(BlipErrorCode.ModelNotFound, Assert.Throws<BlipModelException>(() => Open().Remove(id)).Code);
        Assert.True(Assert.Single(Open().List()).Usable);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../other")]
    [InlineData("org/demo@../../x")]
    public void Remove_Malformed_IsAnError(string id) =>
        Assert.Equal(BlipErrorCode.InvalidRequest, Assert.Throws<BlipException>(() => Open().Remove(id)).Code);

    [Fact]
    public void Remove_BeingDownloaded_IsRefused()
    {
        MakePythonCache();
        string path = Directory.EnumerateFiles(Path.Combine(Cache, ".locks", "models--org--demo")).First();
        using (HubFileLock.TryTake(path))
            Assert.Equal(BlipErrorCode.Busy, Assert.Throws<BlipException>(() => Open().Remove(HubServer.Id)).Code);
        Assert.True(Assert.Single(Open().List()).Usable);
        Open().Remove(HubServer.Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("snapshots")]
    [InlineData("blobs")]
    public void Remove_FolderIsALink_IsRefused(string part)
    {
        MakePythonCache();
        string elsewhere = Path.Combine(Cache, "elsewhere");
        Directory.Move(Path.Combine(Repository, part), elsewhere);
        Directory.CreateSymbolicLink(Path.TrimEndingDirectorySeparator(Path.Combine(Repository, part)), elsewhere);
        int before = Directory.EnumerateFileSystemEntries(elsewhere, "*", SearchOption.AllDirectories).Count();
        Assert.Equal(BlipErrorCode.RemoveFailed, Assert.Throws<BlipException>(() => Open().Remove(HubServer.Id)).Code);
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(elsewhere, "*", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task Remove_SnapshotLinksOutside_TheTargetStays()
    {
        await using HubServer server = await HubServer.StartAsync();
        await DownloadAsync(server);
        server.Revisions["main"] = server.Revisions[Next] = Next;
        await DownloadAsync(server);
        string outside = Path.Combine(Cache, HubServer.Etag(server.Files["vocab.txt"]));
        await File.WriteAllTextAsync(outside, "mine", Cancellation);
        File.CreateSymbolicLink(Path.Combine(Snapshot, "extra"), outside);
        Open().Remove($"{HubServer.Id}@{HubServer.Commit}");
        Assert.True(File.Exists(outside));
        AssertExact(server, Assert.Single(Open().List()[0].Revisions).Folder);
    }
}
