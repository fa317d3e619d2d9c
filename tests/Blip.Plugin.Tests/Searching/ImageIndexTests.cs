using System.Diagnostics;
using System.Text.Json;
using Blip.AI;
using Blip.AI.Images;
using Blip.AI.Searching;
using Blip.Images;
using Blip.Plugin.Tests.Images;
using Blip.Search;
using Blip.Tests;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Blip.Plugin.Tests.Searching;

/// <summary>The index of a folder: what it finds, and how it follows the folder.</summary>
public sealed class ImageIndexTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private BlipMatcher _matcher = null!;
    private string _folder = "", _digest = "";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // The reference's Pillow resizes upright images as releases before 13 do.
        _matcher = await BlipMatcher.LoadAsync(
            new BlipOptions { Image = new ImageOptions { Resize = ResizeMode.Classic } }, cancellationToken: Stop);
        _digest = await _matcher.GetDigestAsync(Stop);
        _folder = Directory.CreateDirectory(Path.Combine(_temp.Root, "images", "sub")).Parent!.FullName;
    }

    public async ValueTask DisposeAsync()
    {
        await _matcher.DisposeAsync();
        _temp.Dispose();
    }

    /// <summary>Each of the ten samples comes first, by cosine and by a second look.</summary>
    [Fact]
    public async Task Search_TheSamples_AreFoundFirst()
    {
        JsonElement[] samples =
            [.. JsonElement.Parse(File.ReadAllBytes(TestPaths.Golden("demo-matching", "samples.json"))).EnumerateArray()];
        foreach (int i in Enumerable.Range(0, 30))
            Copy(FormattableString.Invariant($"pictures/{i:0000}.jpg"));
        foreach (JsonElement sample in samples)
            Copy(sample.GetProperty("image").GetString()!);
        using ImageIndex index = ImageIndex.Open(Path.Combine(_temp.Root, "index.db"), _digest);
        IndexProgress done = await index.UpdateAsync(_folder, _matcher, cancellationToken: Stop);
        Assert.Equal((done.Total, 0, 0), (done.Encoded, done.Failed, done.Removed));
        Assert.Equal(done.Total, index.Count);
        foreach (JsonElement sample in samples)
        {
            string query = sample.GetProperty("query").GetString()!, name = Path.GetFileName(sample.GetProperty("image").GetString()!);
            FoundImage first = (await index.SearchAsync(_matcher, query, 3, cancellationToken: Stop))[0];
            Assert.Equal(name, first.Name);
            Assert.Equal(sample.GetProperty("cosine").GetDouble(), first.Score, 2e-3);
            Assert.Null(first.Match);
            IReadOnlyList<FoundImage> again = await index.SearchAsync(_matcher, query, 3, 6, _folder, Stop);
            Assert.Equal(name, again[0].Name);
            Assert.Equal(again.OrderByDescending(image => image.Match), again);
            Assert.Single(await index.SearchAsync(_matcher, query, 3, 1, _folder, Stop), image => image.Match is not null);
            TextMatch[] match = await _matcher.MatchAsync(BlipImage.FromFile(Path.Combine(_folder, name)), [query], Stop);
            Assert.Equal(match[0].Match, again[0].Match!.Value, 1e-5);
        }

        void Copy(string image) =>
            File.Copy(TestPaths.Golden("demo", image), Path.Combine(_folder, Path.GetFileName(image)), overwrite: true);
    }

    [Fact]
    public async Task Update_MovedCopiedChangedAndDeleted_AreFollowedByContent()
    {
        string file = Path.Combine(_temp.Root, "index.db"), dogs = Path.Combine(_folder, "dogs.jpg");
        File.Copy(TestPaths.Sample("dogs.jpg"), dogs);
        File.Copy(TestPaths.Sample("street.jpg"), Path.Combine(_folder, "street.jpg"));
        File.WriteAllText(Path.Combine(_folder, "broken.png"), "no image");
        File.WriteAllText(Path.Combine(_folder, "readme.txt"), "no image");
        Assert.Equal((3, 2, 1, 0), await UpdateAsync());
        Assert.Equal((3, 0, 1, 0), await UpdateAsync());

        // Moved, copied: the content is known. Deleted: it is forgotten.
        File.Move(dogs, Path.Combine(_folder, "sub", "moved dogs.jpg"));
        File.Copy(Path.Combine(_folder, "street.jpg"), Path.Combine(_folder, "again.jpg"));
        Assert.Equal((4, 0, 1, 1), await UpdateAsync());
        Assert.Equal(["again.jpg", "street.jpg", "sub/moved dogs.jpg"], Names());
        File.Delete(Path.Combine(_folder, "again.jpg"));
        Assert.Equal((3, 0, 1, 1), await UpdateAsync());

        // Changed content under an old name, and a broken one that was mended.
        File.Copy(TestPaths.Sample("snow.jpg"), Path.Combine(_folder, "street.jpg"), overwrite: true);
        File.Copy(TestPaths.Sample("room.jpg"), Path.Combine(_folder, "broken.png"), overwrite: true);
        Assert.Equal((3, 2, 0, 0), await UpdateAsync());
        using (ImageIndex index = ImageIndex.Open(file, _digest))
            Assert.Equal("street.jpg", (await index.SearchAsync(_matcher, "a bird in the snow", 1, cancellationToken: Stop))[0].Name);

        // Embeddings of another model mean nothing.
        Assert.True(ImageIndex.IsOf(file, _digest));
        Assert.False(ImageIndex.IsOf(file, "another"));
        using (ImageIndex other = ImageIndex.Open(file, "another"))
            Assert.Equal(0, other.Count);

        async Task<(int Total, int Encoded, int Failed, int Removed)> UpdateAsync()
        {
            using ImageIndex index = ImageIndex.Open(file, _digest);
            IndexProgress done = await index.UpdateAsync(_folder, _matcher, cancellationToken: Stop);
            return (done.Total, done.Encoded, done.Failed, done.Removed);
        }

        string[] Names()
        {
            using ImageIndex index = ImageIndex.Open(file, _digest);
            return [.. index.Dump().Select(row => row.Path)];
        }
    }

    /// <summary>Another process may index while this one searches.</summary>
    [Fact]
    public async Task Search_WhatAnotherHasIndexedMeanwhile_IsFound()
    {
        string file = Path.Combine(_temp.Root, "index.db");
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder, "dogs.jpg"));
        using ImageIndex reading = ImageIndex.Open(file, _digest), writing = ImageIndex.Open(file, _digest);
        Assert.Equal(0, reading.Count);
        await writing.UpdateAsync(_folder, _matcher, cancellationToken: Stop);
        Assert.Equal(1, reading.Count);
    }

    /// <summary>The tool gives names that the other tools take.</summary>
    [Fact]
    public async Task Tool_FoundImage_CanBeAskedAbout()
    {
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder, "dogs.jpg"));
        File.Copy(TestPaths.Sample("street.jpg"), Path.Combine(_folder, "sub", "street.jpg"));
        // Copies are one image: they neither fill the list nor are they in it twice.
        for (int i = 0; i < 6; i++)
            File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder, "sub", $"copy {i}.jpg"));
        await using ServiceProvider services = new ServiceCollection()
            .AddBlip().AddBlipSearch(options => options.SearchFolders = [_folder]).BuildServiceProvider();
        using BlipConversation conversation = new();
        Assert.Contains(
            services.CreateBlipFunctions(conversation), function => function.Name == BlipTools.SearchImagesName);
        BlipTools tools = services.CreateTools(conversation);
        ImageMatches found = await tools.SearchImagesAsync("two dogs", Stop);
        Assert.Null(found.Error);
        Assert.Equal(2, found.Matches!.Count);
        Assert.Equal("image-1", found.Matches[0].Image);
        Assert.Equal("2", (await tools.AskImageAsync("image-1", "how many dogs are in the picture?", cancellationToken: Stop)).Answer);
        ImageMatches matched = await tools.MatchImagesAsync(["image-2", "image-1"], "two dogs", Stop);
        Assert.Equal(["image-1", "image-2"], matched.Matches!.Select(match => match.Image));
        Assert.StartsWith("two dogs", (await tools.DescribeImageAsync("image-1", Stop)).Answer, StringComparison.Ordinal);
        Assert.Equal("question_empty", (await tools.MatchImagesAsync(["image-1"], "", Stop)).Error!.Code);
        Assert.NotNull((await tools.MatchImagesAsync(["image-1", "image-9"], "two dogs", Stop)).Matches![1].Error);
    }

    /// <summary>Without a conversation, as over HTTP, an image that is sent has no name.</summary>
    [Fact]
    public async Task Match_ImagesWithoutNames_AreCalledByTheirPlace()
    {
        await using ServiceProvider services = new ServiceCollection().AddBlip().BuildServiceProvider();
        using BlipConversation stateless = BlipConversation.Stateless(services.GetRequiredService<ImageStore>());
        string[] images =
        [
            .. ((string[])["street.jpg", "dogs.jpg"])
                .Select(name => "data:;base64," + Convert.ToBase64String(File.ReadAllBytes(TestPaths.Sample(name)))),
            "data:;base64,AA==",
        ];
        ImageMatches matched = await services.CreateTools(stateless).MatchImagesAsync(images, "two dogs", Stop);
        Assert.Equal(["images[1]", "images[0]", "images[2]"], matched.Matches!.Select(match => match.Image));
    }

    [Fact]
    public async Task Match_FilesOfOneName_AreCalledAsTheyWereNamed()
    {
        File.Copy(TestPaths.Sample("street.jpg"), Path.Combine(_folder, "a.jpg"));
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder, "sub", "a.jpg"));
        await using ServiceProvider services = new ServiceCollection()
            .AddBlip(configureSources: options => options.AllowedFolders = [_folder]).BuildServiceProvider();
        using BlipConversation conversation = new();
        conversation.Attach(File.ReadAllBytes(TestPaths.Sample("room.jpg")));
        ImageMatches matched = await services.CreateTools(conversation)
            .MatchImagesAsync(["a.jpg", "sub/a.jpg", "IMAGE 1"], "two dogs", Stop);
        Assert.Equal("sub/a.jpg", matched.Matches![0].Image);
        Assert.Equal(["a.jpg", "image-1"], matched.Matches.Skip(1).Select(match => match.Image).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Tools_WithoutModels_AreNotOffered()
    {
        await using ServiceProvider services = new ServiceCollection()
            .AddBlip(options => options.Model = TestPaths.DemoModel).BuildServiceProvider();
        using BlipConversation conversation = new();
        string[] names = [.. services.CreateBlipFunctions(conversation).Select(function => function.Name)];
        Assert.Equal(["ask_image", "ask_image_many", "ask_images", "choose_answer", "score_image", "list_images"], names);
        ImageAnswer refused = await services.CreateTools(conversation).DescribeImageAsync(
            conversation.Attach(File.ReadAllBytes(TestPaths.Sample("dogs.jpg")))!, Stop);
        Assert.Equal(ServiceErrorCode.ModelNotConfigured, refused.Error!.Code);
        Assert.Contains("Blip:CaptionModel", refused.Error.Message, StringComparison.Ordinal);
    }

    /// <summary>A search among many vectors reads each once. The goal is 50 ms among 100,000.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void Nearest_AmongMany_IsThatOfAPlainLoop()
    {
        const int Size = 256;
        int count = TestScale.Share < 1 ? 10_000 : 100_000;
        Random random = new(1);
        IndexedFile[] files =
            [.. Enumerable.Range(0, count).Select(i => new IndexedFile($"{i:00000}", 1, 1, BitConverter.GetBytes(i), Unit()))];
        VectorTable table = new(files);
        float[] query = Unit();
        TimeSpan best = TimeSpan.MaxValue;
        List<(string Path, byte[] Hash, float Cosine)> nearest = [];
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            nearest = table.Nearest(query, 20);
            best = TimeSpan.FromTicks(Math.Min(best.Ticks, Stopwatch.GetElapsedTime(start).Ticks));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{best.TotalMilliseconds:0.0} ms among {count}");
        Assert.Equal(
            files.OrderByDescending(file => file.Vector!.Zip(query, (a, b) => (double)a * b).Sum()).Take(20).Select(file => file.Path),
            nearest.Select(near => near.Path));

        float[] Unit()
        {
            float[] vector = [.. Enumerable.Range(0, Size).Select(_ => (float)((random.NextDouble() * 2) - 1))];
            float norm = MathF.Sqrt(vector.Sum(x => x * x));
            return [.. vector.Select(x => x / norm)];
        }
    }
}
