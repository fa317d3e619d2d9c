using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Blip.Search;
using Microsoft.Data.Sqlite;
using SkiaSharp;

namespace Blip.Benchmarks;

/// <summary>
/// What captions, matches, choices and searches cost, in one process, turn by turn: <c>choices MODEL</c>,
/// <c>family MODEL CAPTIONER MATCHER</c> and <c>index MATCHER IMAGES</c>.
/// </summary>
internal static class FamilyFigures
{
    private const int Rounds = 20, Choices = 3128, Kept = 128;

    private static readonly BlipPrecision[] Precisions = [BlipPrecision.Fp32, BlipPrecision.Int8];

    /// <summary>The two-stage rank of as many answers as the original's list has, against a further question.</summary>
    public static async Task RankAsync(string model)
    {
        foreach (BlipPrecision precision in Precisions)
        {
            await using BlipModel blip = await BlipModel.LoadAsync(new BlipOptions { Model = model, Precision = precision });
            using EncodedImage image = await blip.EncodeAsync(Dogs());
            AskOptions two = new() { MaxNewTokens = 2 }, rank = new() { Choices = Answers(blip), ChoicesK = Kept };
            Times times = new();
            // What is done once for an image that is asked about often is done before.
            for (int round = -8; round < Rounds; round++)
            {
                await times.AddAsync("further question", round, () => blip.AskAsync(image, Question(round), two));
                await times.AddAsync($"{Choices} choices, {Kept} kept", round, () => blip.AskAsync(image, Question(round), rank));
            }
            times.Write(precision.ToString(), "further question");
        }
    }

    /// <summary>Captions, matches and embeddings against a further question.</summary>
    public static async Task RunAsync(string model, string captioner, string matcher)
    {
        foreach (BlipPrecision precision in Precisions)
        {
            BlipOptions Options(string name) => new() { Model = name, Precision = precision };
            await using BlipModel blip = await BlipModel.LoadAsync(Options(model));
            await using BlipCaptioner captions = await BlipCaptioner.LoadAsync(Options(captioner));
            await using BlipMatcher matches = await BlipMatcher.LoadAsync(Options(matcher));
            BlipImage image = Dogs();
            string[] texts = [.. Enumerable.Range(0, 16).Select(i => Question(i).TrimEnd('?'))];
            AskOptions two = new() { MaxNewTokens = 2 };
            CaptionOptions ten = new() { MinNewTokens = 10, MaxNewTokens = 10 }, beams = ten with { Beams = 3 };
            Times times = new();
            for (int round = -4; round < Rounds; round++)
            {
                await times.AddAsync("further question", round, () => blip.AskAsync(image, Question(round), two));
                await times.AddAsync("caption of 10 tokens, image kept", round, () => captions.CaptionAsync(image, null, ten));
                await times.AddAsync("the same by 3 beams", round, () => captions.CaptionAsync(image, null, beams));
                await times.AddAsync("caption, new image", round, () => captions.CaptionAsync(Drawn(round), null, ten));
                await times.AddAsync("match of a text, image kept", round, () => matches.MatchAsync(image, texts[..1]));
                await times.AddAsync("match of 16 texts", round, () => matches.MatchAsync(image, texts));
                await times.AddAsync("embedding of an image", round, () => matches.EmbedAsync(Drawn(round)));
                await times.AddAsync("embedding of a text", round, () => matches.EmbedAsync(texts[..1]));
                await times.AddAsync("embeddings of 16 texts", round, () => matches.EmbedAsync(texts));
            }
            times.Write(precision.ToString(), "further question");
            using Process self = Process.GetCurrentProcess();
            Console.Out.WriteLine(Text($"peak memory {self.PeakWorkingSet64 / 1e6:0} MB"));
        }
    }

    /// <summary>An index of drawn images, and queries among many vectors.</summary>
    public static async Task IndexAsync(string model, int images)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"blip-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            for (int i = 0; i < images; i++)
                await File.WriteAllBytesAsync(Path.Combine(folder, Text($"{i:00000}.jpg")), Draw(i));
            await using BlipMatcher matcher = await BlipMatcher.LoadAsync(new BlipOptions { Model = model });
            string digest = await matcher.GetDigestAsync();
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 200; i++)
                await matcher.EmbedAsync(Drawn(i));
            double alone = 200 / Stopwatch.GetElapsedTime(start).TotalSeconds;
            using (ImageIndex index = ImageIndex.Open(Path.Combine(folder, "made", "index.db"), digest))
            {
                start = Stopwatch.GetTimestamp();
                await index.UpdateAsync(folder, matcher);
                TimeSpan made = Stopwatch.GetElapsedTime(start);
                start = Stopwatch.GetTimestamp();
                await index.UpdateAsync(folder, matcher);
                TimeSpan again = Stopwatch.GetElapsedTime(start);
                Console.Out.WriteLine(
                    Text($"index of {index.Count}: {made.TotalSeconds:0.0} s, {images / made.TotalSeconds:0.0} images/s; ")
                    + Text($"one after the other without an index {alone:0.0}; again {again.TotalSeconds:0.00} s"));
            }
            foreach (int count in (int[])[1_000, 10_000, 100_000])
                await QueryAsync(matcher, Path.Combine(folder, Text($"{count}.db")), digest, count);
            using Process self = Process.GetCurrentProcess();
            Console.Out.WriteLine(Text($"peak memory {self.PeakWorkingSet64 / 1e6:0} MB"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task QueryAsync(BlipMatcher matcher, string file, string digest, int count)
    {
        using (ImageIndex.Open(file, digest))
        {
        }
        using (SqliteConnection connection = new($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using SqliteTransaction transaction = connection.BeginTransaction();
            using SqliteCommand insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO images VALUES ($path, 1, 1, $hash, $vector);";
            Random random = new(1);
            for (int i = 0; i < count; i++)
            {
                float[] vector = [.. Enumerable.Range(0, matcher.Config.EmbeddingSize).Select(_ => random.NextSingle() - 0.5f)];
                float length = MathF.Sqrt(vector.Sum(value => value * value));
                byte[] hash = new byte[32];
                random.NextBytes(hash);
                insert.Parameters.Clear();
                insert.Parameters.AddWithValue("$path", Text($"{i}.jpg"));
                insert.Parameters.AddWithValue("$hash", hash);
                float[] unit = Array.ConvertAll(vector, value => value / length);
                insert.Parameters.AddWithValue("$vector", MemoryMarshal.AsBytes<float>(unit).ToArray());
                insert.ExecuteNonQuery();
            }
            transaction.Commit();
        }
        long before = Environment.WorkingSet, start = Stopwatch.GetTimestamp();
        using ImageIndex index = ImageIndex.Open(file, digest);
        float[] query = (await matcher.EmbedAsync(["two dogs on a meadow"]))[0];
        index.Nearest(query, 20);
        TimeSpan opened = Stopwatch.GetElapsedTime(start);
        long held = Environment.WorkingSet - before;
        Times times = new();
        for (int round = -2; round < 20; round++)
        {
            await times.AddAsync("nearest 20", round, () => Task.FromResult(index.Nearest(query, 20)));
            await times.AddAsync("with the text's embedding", round, () => index.SearchAsync(matcher, "two dogs on a meadow", 20));
        }
        times.Write(Text($"{count} vectors (opened in {opened.TotalMilliseconds:0} ms, {held / 1e6:0} MB more)"), "nearest 20");
    }

    /// <summary>Another question each round, so that none is guessed because it was asked before.</summary>
    private static string Question(int round) => Text($"how many {(round % 2 == 0 ? "dogs" : "trees")} are in picture {Math.Abs(round)}?");

    /// <summary>Words of the model's own: five of six alone, the others by twos, about as in the original's list.</summary>
    private static string[] Answers(BlipModel model)
    {
        string[] words = [.. Enumerable.Range(2000, model.Config.Text.VocabSize - 2000).Select(model.TokenToText)
            .Select(text => text.Trim()).Where(text => text.Length > 2 && text.All(char.IsAsciiLetterLower)).Distinct()];
        return [.. words.Take(Choices * 5 / 6), .. words.Skip(Choices * 5 / 6).Take(Choices - (Choices * 5 / 6)).Select(w => "the " + w)];
    }

    private static BlipImage Dogs() => BlipImage.FromFile(Path.Combine(AppContext.BaseDirectory, "dogs.jpg"));

    private static BlipImage Drawn(int seed) => BlipImage.FromBytes(Draw(1_000_000 + seed));

    private static byte[] Draw(int seed)
    {
        using SKBitmap bitmap = new(256, 192);
        using SKCanvas canvas = new(bitmap);
        using SKPaint paint = new();
        Random random = new(seed);
        for (int i = 0; i < 40; i++)
        {
            paint.Color = new SKColor((uint)random.Next() | 0xFF000000);
            canvas.DrawOval(random.Next(256), random.Next(192), random.Next(4, 60), random.Next(4, 60), paint);
        }
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The times of each kind of call, in milliseconds.</summary>
    private sealed class Times
    {
        private readonly Dictionary<string, List<double>> _times = [];

        /// <summary>Runs a call. Rounds below 0 warm up.</summary>
        public async Task AddAsync<T>(string what, int round, Func<Task<T>> call)
        {
            long start = Stopwatch.GetTimestamp();
            await call();
            double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (round < 0)
                return;
            if (!_times.TryGetValue(what, out List<double>? known))
                _times[what] = known = [];
            known.Add(took);
        }

        /// <summary>Writes medians, and the median and the range of the ratios to one of them, round by round.</summary>
        public void Write(string title, string unit)
        {
            Console.Out.WriteLine(title);
            foreach ((string what, List<double> values) in _times)
            {
                double[] ratios = [.. values.Zip(_times[unit], (a, b) => a / b).Order()];
                Console.Out.WriteLine(Text($"  {what,-36}{values.Order().ElementAt(values.Count / 2),9:0.0} ms")
                    + Text($"{ratios[ratios.Length / 2],8:0.00}x ({ratios[0]:0.00} to {ratios[^1]:0.00})"));
            }
        }
    }
}
