using System.Diagnostics;
using Blip.AI;
using Blip.AI.Searching;
using Blip.Images;
using Blip.Plugin.Tests.Images;
using Blip.Search;
using Blip.Tests;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Plugin.Tests.Searching;

/// <summary>What is wrong in one place of a searched folder stops nothing else, and leads nowhere else.</summary>
public sealed class SearchFaultTests : IDisposable
{
    private static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    private readonly TempFolder _temp = new();
    private readonly string _folder, _inside, _outside;

    public SearchFaultTests()
    {
        _folder = Directory.CreateDirectory(_temp.At("images")).FullName;
        _inside = Path.Combine(_folder, "dogs.jpg");
        _outside = Path.Combine(Directory.CreateDirectory(_temp.At("private")).FullName, "dogs.jpg");
        File.WriteAllBytes(_inside, Dogs);
        File.WriteAllBytes(_outside, Dogs);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Open_DatabaseOfAnotherProgram_IsRefusedAndStaysAsItIs()
    {
        string file = _temp.At("foreign.db");
        using (SqliteConnection connection = new($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE songs (title TEXT);";
            command.ExecuteNonQuery();
        }
        byte[] before = File.ReadAllBytes(file);
        BlipException error = Assert.Throws<BlipException>(() => ImageIndex.Open(file, "digest"));
        Assert.Equal("The file is not an index of Blip, or cannot be written. Name another file.", error.Message);
        Assert.Equal(before, File.ReadAllBytes(file));
    }

    [Fact]
    public async Task Links_AreNeitherIndexedNorRead()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "linked.jpg"), _outside);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "linked"), Path.GetDirectoryName(_outside)!);
        await using ServiceProvider services = Services(_folder);
        BlipSearchService search = services.GetRequiredService<BlipSearchService>();
        FoundImage found = Assert.Single(await search.SearchAsync("two dogs", 5, Stop));
        Assert.Equal("dogs.jpg", found.Name);
        Assert.NotNull(found.Match);
        Assert.True(search.TryRead(found.Handle, out _));

        // A link has taken its place since, to the same content.
        File.Delete(_inside);
        File.CreateSymbolicLink(_inside, _outside);
        Assert.False(search.TryRead(found.Handle, out _));
        Assert.Null(Assert.Single(await search.SearchAsync("two dogs", 5, Stop)).Match);
    }

    [Fact]
    public async Task PipeInTheirPlace_DoesNotHang()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Only Unix has named pipes in folders.");
        await using ServiceProvider services = Services(_folder);
        BlipSearchService search = services.GetRequiredService<BlipSearchService>();
        Assert.NotNull(Assert.Single(await search.SearchAsync("two dogs", 5, Stop)).Match);
        File.Delete(_inside);
        using (Process mkfifo = Process.Start("mkfifo", [_inside]))
            await mkfifo.WaitForExitAsync(Stop);
        Task<IReadOnlyList<FoundImage>> again = Task.Run(() => search.SearchAsync("two dogs", 5, Stop), Stop);
        Assert.Null(Assert.Single(await again.WaitAsync(TimeSpan.FromSeconds(30), Stop)).Match);
    }

    /// <summary>The model's limit may be narrower than that of reading a file.</summary>
    [Fact]
    public async Task ImageTooLargeForTheModel_DoesNotEndTheIndexing()
    {
        File.WriteAllBytes(Path.Combine(_folder, "a large one.jpg"), [.. Dogs, .. new byte[1000]]);
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(
            new BlipOptions { Image = new ImageOptions { Limits = new ImageLimits { MaxBytes = Dogs.Length } } }, cancellationToken: Stop);
        using ImageIndex index = ImageIndex.Open(_temp.At("index.db"), await matcher.GetDigestAsync(Stop));
        IndexProgress done = await index.UpdateAsync(_folder, matcher, cancellationToken: Stop);
        Assert.Equal((2, 1, 1), (done.Total, done.Encoded, done.Failed));
        Assert.Equal("dogs.jpg", Assert.Single(index.Dump()).Path);
        // It is not tried again, and still cannot be read.
        done = await index.UpdateAsync(_folder, matcher, cancellationToken: Stop);
        Assert.Equal((2, 0, 1), (done.Total, done.Encoded, done.Failed));
    }

    [Fact]
    public async Task FileThatIsEmptiedOrNoImageAnyMore_IsNotFoundAnyMore()
    {
        File.WriteAllBytes(Path.Combine(_folder, "text.jpg"), Dogs);
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        using ImageIndex index = ImageIndex.Open(_temp.At("index.db"), await matcher.GetDigestAsync(Stop));
        await index.UpdateAsync(_folder, matcher, cancellationToken: Stop);
        Assert.Equal(2, index.Count);
        File.WriteAllBytes(_inside, []);
        File.WriteAllText(Path.Combine(_folder, "text.jpg"), "a text");
        for (int i = 0; i < 2; i++)
        {
            IndexProgress done = await index.UpdateAsync(_folder, matcher, cancellationToken: Stop);
            Assert.Equal((2, 0, 2, 0), (done.Total, done.Encoded, done.Failed, index.Count));
        }
    }

    [Fact]
    public async Task IndexThatAnotherModelTakesMeanwhile_GetsNoEmbeddingOfTheFirst()
    {
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        using ImageIndex index = ImageIndex.Open(_temp.At("index.db"), await matcher.GetDigestAsync(Stop));
        using ImageIndex other = ImageIndex.Open(_temp.At("index.db"), "another");
        BlipException refused = await Assert.ThrowsAsync<BlipException>(() => index.UpdateAsync(_folder, matcher, cancellationToken: Stop));
        Assert.Contains("Another model has taken the index", refused.Message, StringComparison.Ordinal);
        Assert.Empty(other.Dump());
    }

    [Fact]
    public async Task IndexOfAnotherFolder_IsRefusedAndKeepsItsImages()
    {
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        using ImageIndex index = ImageIndex.Open(_temp.At("index.db"), await matcher.GetDigestAsync(Stop));
        Assert.Null(index.Folder);
        await index.UpdateAsync(_folder + Path.DirectorySeparatorChar, matcher, cancellationToken: Stop);
        Assert.Equal(_folder, index.Folder);
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            () => index.UpdateAsync(Path.GetDirectoryName(_outside)!, matcher, cancellationToken: Stop));
        Assert.Equal("The index is of another folder. Give each folder an index of its own.", error.Message);
        Assert.Equal(1, index.Count);
    }

    [Theory]
    [InlineData("UPDATE images SET vector = x'00000000' WHERE path = 'other.jpg';")]
    [InlineData("UPDATE images SET vector = 'text' WHERE path = 'other.jpg';")]
    [InlineData("UPDATE images SET vector = x'0000c07f' || substr(vector, 5) WHERE path = 'other.jpg';")]
    public async Task DamagedEmbedding_IsToldWithWhatToDo(string damage)
    {
        File.WriteAllBytes(Path.Combine(_folder, "other.jpg"), Dogs);
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        string file = _temp.At("index.db"), digest = await matcher.GetDigestAsync(Stop);
        using (ImageIndex made = ImageIndex.Open(file, digest))
            await made.UpdateAsync(_folder, matcher, cancellationToken: Stop);
        using (SqliteConnection connection = new($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are above.
            command.CommandText = damage;
#pragma warning restore CA2100
            Assert.Equal(1, command.ExecuteNonQuery());
        }
        using ImageIndex index = ImageIndex.Open(file, digest);
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            () => index.SearchAsync(matcher, "two dogs", 2, cancellationToken: Stop));
        Assert.Equal("The file of the index is damaged. Delete it, and index the folder again.", error.Message);
    }

    [Fact]
    public async Task Cancelled_KeepsWhatWasDone()
    {
        // What follows the end of a JPEG is not looked at, and makes other content. More than are under way at once.
        for (int i = 0; i < 8; i++)
            File.WriteAllBytes(Path.Combine(_folder, $"{i}.jpg"), [.. Dogs, (byte)i]);
        await using BlipMatcher matcher = await BlipMatcher.LoadAsync(cancellationToken: Stop);
        using ImageIndex index = ImageIndex.Open(_temp.At("index.db"), await matcher.GetDigestAsync(Stop));
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => index.UpdateAsync(_folder, matcher, new AfterOne(stop), stop.Token));
        Assert.InRange(index.Count, 1, 8);
    }

    [Fact]
    public async Task FolderThatIsGone_DoesNotKeepTheOthersFromBeingIndexed()
    {
        string gone = Directory.CreateDirectory(_temp.At("gone")).FullName;
        await using ServiceProvider services = Services(gone, _folder);
        BlipSearchService search = services.GetRequiredService<BlipSearchService>();
        Directory.Delete(gone);
        Assert.Single(await search.SearchAsync("two dogs", 5, Stop));
    }

    [Fact]
    public async Task IndexThatCannotBeOpened_IsTheOperatorsMistake_AndLeavesNoneOpen()
    {
        string other = Path.GetDirectoryName(_outside)!;
        await using ServiceProvider services = Services(_folder, other);
        BlipMatcher matcher = await services.GetRequiredService<BlipMatchService>().GetModelAsync(cancellationToken: Stop);
        string digest = await matcher.GetDigestAsync(Stop);
        string first = ImageIndex.FileOf(_folder, digest), second = ImageIndex.FileOf(other, digest);
        Directory.CreateDirectory(Path.GetDirectoryName(second)!);
        File.WriteAllBytes(second, Dogs);
        BlipSearchService search = services.GetRequiredService<BlipSearchService>();
        BlipException refused = await Assert.ThrowsAsync<BlipException>(() => search.SearchAsync("two dogs", 5, Stop));
        Assert.Equal(BlipErrorCode.Internal, refused.Code);
        Assert.DoesNotContain(Path.GetFileName(second), refused.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(first));
        // SQLite takes its log away when the last connection is closed.
        Assert.False(File.Exists(first + "-wal"));
        File.Delete(second);
        Assert.Equal(2, (await search.SearchAsync("two dogs", 5, Stop)).Count);
    }

    [Fact]
    public void FileOf_OtherFolderOrModel_IsAnother()
    {
        string[] files = [ImageIndex.FileOf(_folder, "a"), ImageIndex.FileOf(_folder, "b"), ImageIndex.FileOf(_temp.Root, "a")];
        Assert.Distinct(files);
        Assert.Equal(files[0], ImageIndex.FileOf(_folder + Path.DirectorySeparatorChar, "a"));
    }

    private static ServiceProvider Services(params string[] folders) => new ServiceCollection()
        .AddBlip().AddBlipSearch(options => options.SearchFolders = folders).BuildServiceProvider();

    private sealed class AfterOne(CancellationTokenSource stop) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value)
        {
            if (value.Encoded > 0)
                stop.Cancel();
        }
    }
}
