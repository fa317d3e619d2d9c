using System.Diagnostics;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary><c>blip index</c> and <c>blip search</c>, as their users see them.</summary>
[Trait("Category", "Long")]
public sealed class SearchTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string Pictures => Path.Combine(_folder.Path, "pictures");

    private string Index => Path.Combine(_folder.Path, "some", "index.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Index_Search_FindTheSample_AndSayWhatIsMissing()
    {
        Directory.CreateDirectory(Path.Combine(Pictures, "sub"));
        foreach (string name in (string[])["dogs.jpg", "street.jpg", "snow.jpg"])
            File.Copy(TestPaths.Sample(name), Path.Combine(Pictures, "sub", name));
        BlipProcess.Result none = await BlipProcess.RunAsync("search", Pictures, "dogs", "--index", Index);
        Assert.Equal(1, none.Code);
        Assert.Contains("Index it first: blip index", none.Error, StringComparison.Ordinal);

        BlipProcess.Result made = await BlipProcess.RunAsync("index", Pictures, "--index", Index);
        Assert.Equal((0, "3 images: 3 new, 0 known, 0 unreadable, 0 removed\n"), (made.Code, made.Out));
        BlipProcess.Result found = await BlipProcess.RunAsync(
            "search", Pictures, "a yellow bus on a street", "--index", Index, "--top", "2");
        Assert.Equal((0, 2), (found.Code, found.Lines.Length));
        Assert.Matches(@"^ *\d+\.\d %  cosine +-?\d\.\d\d  sub/street\.jpg$", found.Lines[0]);

        BlipProcess.Result folder = await BlipProcess.RunAsync("index", Path.Combine(_folder.Path, "none"), "--index", Index);
        Assert.Equal(1, folder.Code);
        BlipProcess.Result other = await BlipProcess.RunAsync("index", Pictures, "--index", TestPaths.Sample("dogs.jpg"));
        Assert.Equal(1, other.Code);
        Assert.Contains("dogs.jpg: The file is not an index of Blip", other.Error, StringComparison.Ordinal);

        BlipProcess.Result elsewhere = await BlipProcess.RunAsync("search", _folder.Path, "dogs", "--index", Index);
        Assert.Equal((1, ""), (elsewhere.Code, elsewhere.Out));
        Assert.Contains($"{Index}: The index is of another folder: {Pictures}.", elsewhere.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Index_KilledAgainAndAgain_IsTheOneThatWasMadeInPeace()
    {
        int kills = Math.Max(3, TestScale.Of(20)), images = 50 * kills;
        Random random = new(1);
        Directory.CreateDirectory(Pictures);
        string[] names = ["dogs.jpg", "street.jpg", "snow.jpg"];
        byte[][] samples = Array.ConvertAll(names, name => File.ReadAllBytes(TestPaths.Sample(name)));
        // What follows the end of a JPEG is not looked at, and makes other content.
        for (int i = 0; i < images; i++)
            File.WriteAllBytes(Path.Combine(Pictures, $"{i:000}.jpg"), [.. samples[i % 3], (byte)i, (byte)(i >> 8)]);
        for (int kill = 1; kill <= kills; kill++)
        {
            using Process process = BlipProcess.Start("index", Pictures, "--index", Index);
            FileInfo log = new(Index + "-wal");
            // An empty index writes 37 kB, a run of images as much again: some are kept by two kills at the latest.
            long kept = (log.Exists ? log.Length : 0) + 60_000;
            await process.KillWhenAsync(
                () =>
                {
                    log.Refresh();
                    return log.Exists && log.Length > kept;
                },
                TimeSpan.FromMilliseconds(random.Next(60)));
        }
        BlipProcess.Result last = await BlipProcess.RunAsync("index", Pictures, "--index", Index);
        Assert.Matches($"^{images} images: [0-9]+ new, [1-9][0-9]* known, 0 unreadable, 0 removed\n$", last.Out);
        string peace = Path.Combine(_folder.Path, "peace.db");
        await BlipProcess.RunAsync("index", Pictures, "--index", peace);
        Assert.Equal((await FindAsync(peace)).Lines, (await FindAsync(Index)).Lines);

        Task<BlipProcess.Result> FindAsync(string index) => BlipProcess.RunAsync(
            "search", Pictures, "two dogs", "--index", index, "--top", $"{images}", "--rerank", "0", "--json");
    }
}
