using System.Text;
using System.Text.Json;
using Blip.Tests;
using Microsoft.ML.OnnxRuntime;
using Xunit;

namespace Blip.Cli.Tests;

[Trait("Category", "Long")]
public class OtherCommandTests
{
    [Fact]
    public async Task Tokenize_Detokenize_AreInverse()
    {
        BlipProcess.Result ids = await BlipProcess.RunAsync("tokenize", "How many dogs?", "--model", TestPaths.Golden("tokenizer"));
        Assert.Equal("{\"ids\":[101,2129,2116,6077,1029,102],\"truncated\":false}", Assert.Single(ids.Lines));
        using MemoryStream lines = new("[101,2129,2116,6077,1029,102]\n[-1]\nx\n"u8.ToArray());
        BlipProcess.Result text = await BlipProcess.RunAsync(
            lines, ["detokenize", "--batch", "-", "--model", TestPaths.Golden("tokenizer")]);
        Assert.Equal(1, text.Code);
        Assert.Equal("{\"text\":\"how many dogs?\"}", text.Lines[0]);
        Assert.All(text.Lines[1..], l => Assert.Contains("invalid_request", l, StringComparison.Ordinal));
        string[] detokenize = ["detokenize", "[101,2129,2116,6077,1029,102]", "--model", TestPaths.Golden("tokenizer")];
        Assert.Equal(text.Lines[0], Assert.Single((await BlipProcess.RunAsync(detokenize)).Lines));
        detokenize[1] = "101";
        BlipProcess.Result wrong = await BlipProcess.RunAsync(detokenize);
        Assert.Equal((1, "blip: This is not a JSON array of ids from 0 to 30523."), (wrong.Code, wrong.Error.Trim()));
    }

    [Fact]
    public async Task Preprocess_PngAndSafetensors_HoldTheSamePixels()
    {
        using TempFolder folder = new();
        string png = Path.Combine(folder.Path, "input.png"), numbers = Path.Combine(folder.Path, "input.safetensors");
        Assert.Equal(0, (await BlipProcess.RunAsync("preprocess", TestPaths.Sample("dogs.jpg"), "--out", png)).Code);
        Assert.Equal(0, (await BlipProcess.RunAsync("preprocess", png, "--out", numbers)).Code);
        // A PNG of the model's size is not resized, so it gives the numbers of the photo.
        string direct = Path.Combine(folder.Path, "direct.safetensors");
        Assert.Equal(0, (await BlipProcess.RunAsync("preprocess", TestPaths.Sample("dogs.jpg"), "--out", direct)).Code);
        Assert.Equal(File.ReadAllBytes(direct), File.ReadAllBytes(numbers));
        byte[] bytes = File.ReadAllBytes(numbers);
        int header = BitConverter.ToInt32(bytes);
        using JsonDocument table = JsonDocument.Parse(bytes.AsMemory(8, header));
        JsonElement rgb = table.RootElement.GetProperty("rgb");
        Assert.Equal([192, 192, 3], rgb.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()));
        byte red = bytes[8 + header + rgb.GetProperty("data_offsets")[0].GetInt32()];
        Assert.Equal(((red / 255f) - 0.48145466f) / 0.26862954f, BitConverter.ToSingle(bytes, 8 + header), 1e-5f);
        Assert.Equal(3, Directory.GetFiles(folder.Path).Length);
    }

    /// <summary>The file is compared, not its name: a link to its folder leads to it too.</summary>
    [Theory]
    [InlineData("preprocess", "--out")]
    [InlineData("ask", "--explain")]
    public async Task Output_IsTheInputThroughALinkedFolder_IsRefused(string verb, string option)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        using TempFolder folder = new();
        string real = Path.Combine(folder.Path, "real"), link = Path.Combine(folder.Path, "link"), image = Path.Combine(real, "a.png");
        Directory.CreateDirectory(real);
        Directory.CreateSymbolicLink(link, "real");
        File.Copy(TestPaths.Sample("dogs.jpg"), image);
        byte[] before = File.ReadAllBytes(image);
        string[] question = verb == "ask" ? ["is there a cat?"] : [];
        foreach ((string input, string output) in ((string, string)[])[(Path.Combine(link, "a.png"), image), (image, link + "/a.png")])
        {
            BlipProcess.Result result = await BlipProcess.RunAsync([verb, input, .. question, option, output]);
            Assert.Equal((1, $"blip: {output} is the input itself. Write to another file."), (result.Code, result.Error.Trim()));
        }
        Assert.Equal(before, File.ReadAllBytes(image));
    }

    [Fact]
    public async Task Preprocess_Batch_NamesWhatFailed()
    {
        using TempFolder folder = new();
        string list = Path.Combine(folder.Path, "list.jsonl"), target = Path.Combine(folder.Path, "out");
        File.WriteAllLines(list, [JsonSerializer.Serialize(TestPaths.Sample("dogs.jpg")), "\"nothing.jpg\"", "{"]);
        BlipProcess.Result result = await BlipProcess.RunAsync("preprocess", "--batch", list, "--out", target);
        Assert.Equal(1, result.Code);
        Assert.Equal(3, result.Lines.Length);
        Assert.Contains("\"image\":\"nothing.jpg\",\"error\"", result.Lines[1], StringComparison.Ordinal);
        Assert.Equal([Path.Combine(target, "0.safetensors")], Directory.GetFiles(target));
    }

    [Fact]
    public async Task Warm_Int8_KeepsWeightsForTheNextStart()
    {
        using TempFolder cache = new();
        Dictionary<string, string> environment = new() { ["BLIP_CACHE"] = cache.Path };
        BlipProcess.Result warm = await BlipProcess.RunAsync(
            null, ["warm", "--device", "cpu", "--precision", "int8"], environment: environment);
        string kept = Assert.Single(Directory.GetFiles(cache.Path, "*.safetensors"));
        Assert.Equal((0, $"kept in {kept}"), (warm.Code, Assert.Single(warm.Lines)));
        BlipProcess.Result fp32 = await BlipProcess.RunAsync(null, ["warm", "--device", "cpu"], environment: environment);
        Assert.Equal((0, "ready; nothing needed to be kept"), (fp32.Code, Assert.Single(fp32.Lines)));
    }

    [Fact]
    public async Task Bench_QuickJson_MeasuresEveryKind()
    {
        BlipProcess.Result bench = await BlipProcess.RunAsync(
            "bench", "--quick", "--json", "--device", "cpu", "--image", TestPaths.Sample("dogs.jpg"));
        Assert.Equal(0, bench.Code);
        using JsonDocument json = JsonDocument.Parse(Assert.Single(bench.Lines));
        JsonElement root = json.RootElement;
        Assert.Equal("demo", root.GetProperty("model").GetString());
        Assert.Equal("cpu", root.GetProperty("device").GetString());
        Assert.Equal("fp32", root.GetProperty("precision").GetString());
        Assert.True(root.GetProperty("machine").GetProperty("matrix_peak_gflops").GetDouble() > 1);
        JsonProperty[] stages = [.. root.GetProperty("stages_ms").EnumerateObject()];
        Assert.Equal(["decode", "resize", "vision", "question", "search"], stages.Select(stage => stage.Name));
        Assert.All(stages, stage => Assert.True(stage.Value.GetDouble() > 0));
        double first = root.GetProperty("first_question_ms").GetProperty("median").GetDouble();
        double next = root.GetProperty("next_question_ms").GetProperty("median").GetDouble();
        Assert.InRange(next, 0, first);
        Assert.True(root.GetProperty("sixteen_questions_ms").GetProperty("p95").GetDouble() > next);
        Assert.All(root.GetProperty("throughput").EnumerateArray(), load => Assert.Equal(
            load.GetProperty("questions_per_s").GetDouble(),
            load.GetProperty("images_per_s").GetDouble() * load.GetProperty("batch").GetInt32(),
            0.2));
        Assert.True(root.GetProperty("start_to_first_answer_ms").GetDouble() > first);
        Assert.True(root.GetProperty("peak_rss_mb").GetDouble() > 20);
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    public async Task Bench_ProfileJson_TellsEveryPassAndItsFloors(string precision)
    {
        BlipProcess.Result bench = await BlipProcess.RunAsync(
            "bench", "--profile", "--quick", "--json", "--device", "cpu", "--precision", precision);
        Assert.Equal(0, bench.Code);
        using JsonDocument json = JsonDocument.Parse(Assert.Single(bench.Lines));
        JsonElement root = json.RootElement;
        Assert.Equal(precision, root.GetProperty("precision").GetString());
        Assert.True(root.GetProperty("memory_gb_per_s").GetDouble() > 0.1);
        JsonElement[] passes = [.. root.GetProperty("passes").EnumerateArray()];
        foreach (string network in (string[])["vision", "question", "question_projected", "cross", "decoder"])
        {
            JsonElement[] own = [.. passes.Where(pass => pass.GetProperty("network").GetString() == network)];
            Assert.NotEmpty(own);
            Assert.All(own, pass =>
            {
                Assert.True(pass.GetProperty("products_floor_ms").GetDouble() >= 0);
                Assert.True(pass.GetProperty("weights_floor_ms").GetDouble() > 0);
                double[] operators = [.. pass.GetProperty("operators").EnumerateArray().Select(one => one.GetProperty("ms").GetDouble())];
                Assert.Equal(pass.GetProperty("ms").GetDouble(), operators.Sum(), 0.1);
            });
        }
        // Sixteen questions of ten tokens are read in one pass, and each answer is a row of the decoder.
        Assert.Contains(passes, pass => Is(pass, "question_projected", "[160]"));
        Assert.Contains(passes, pass => Is(pass, "decoder", "[16]"));
        string product = precision == "int8" ? "MatMulNBits" : "FusedMatMul";
        JsonElement step = passes.First(pass => Is(pass, "decoder", "[16]"));
        Assert.Contains(step.GetProperty("operators").EnumerateArray(), one => one.GetProperty("name").GetString() == product);

        static bool Is(JsonElement pass, string network, string shape) =>
            pass.GetProperty("network").GetString() == network && pass.GetProperty("shape").GetString() == shape;
    }

    [Fact]
    public async Task Info_Json_DescribesTheDemoModel()
    {
        using JsonDocument info = JsonDocument.Parse((await BlipProcess.RunAsync("info", "--json")).Out);
        Assert.Equal("BlipForQuestionAnswering", info.RootElement.GetProperty("architecture").GetString());
        Assert.Equal("f16", info.RootElement.GetProperty("dtype").GetString());
        Assert.True(info.RootElement.GetProperty("text").GetProperty("tied_head").GetBoolean());
        Assert.Equal(192, info.RootElement.GetProperty("vision").GetProperty("image_size").GetInt32());
        Assert.Matches("^[0-9a-f]{64}$", info.RootElement.GetProperty("digest").GetString());
    }

    [Fact]
    public async Task Models_Family_ListsEachKindWithSizesAndLicences()
    {
        BlipProcess.Result result = await BlipProcess.RunAsync("models", "--family", "--json");
        Assert.Equal((0, ""), (result.Code, result.Error));
        JsonElement[] models = [.. result.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            ["visual question answering 3", "captioning 3", "matching images and texts 5"],
            models.CountBy(model => model.GetProperty("task").GetString()!).Select(task => $"{task.Key} {task.Value}"));
        foreach (JsonElement model in models)
        {
            string id = model.GetProperty("id").GetString()!;
            bool isDemo = id.StartsWith("demo", StringComparison.Ordinal);
            Assert.Equal(isDemo ? "MIT" : "BSD-3-Clause", model.GetProperty("license").GetString());
            if (isDemo)
            {
                Assert.True(model.GetProperty("here").GetBoolean());
                long bytes = new FileInfo(Path.Combine(TestPaths.Model(id), "model.safetensors")).Length;
                Assert.Equal(1, model.GetProperty("bytes").GetInt64() / (double)bytes, 0.01);
            }
        }
        BlipProcess.Result text = await BlipProcess.RunAsync("models", "--family");
        Assert.Contains(
            "Salesforce/blip-itm-large-coco\tmatching images and texts\t1.78 GB\tBSD-3-Clause\t", text.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_Adapter_ShowsItsBaseAndTheSizeAskedFor()
    {
        string adapter = TestPaths.Golden("easy-vqa", "adapter");
        BlipProcess.Result result = await BlipProcess.RunAsync("info", "--model", adapter, "--image-size", "96");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains("LoRA of rank 8, merged into demo", result.Out, StringComparison.Ordinal);
        Assert.Contains("96 px in patches of 16", result.Out, StringComparison.Ordinal);
        Assert.Contains("adapter_model.safetensors", result.Out, StringComparison.Ordinal);

        string model = TestPaths.Golden("models", "lora"), whole = TestPaths.Golden("models", "base");
        string json = (await BlipProcess.RunAsync("info", "--model", model, "--base-model", whole, "--json")).Out;
        using JsonDocument info = JsonDocument.Parse(json);
        Assert.Equal(whole, info.RootElement.GetProperty("adapter").GetProperty("base_model").GetString());
        Assert.Equal(4, info.RootElement.GetProperty("adapter").GetProperty("rank").GetInt32());
    }

    [Fact]
    public async Task Export_AnyModel_IsOpenedByOnnxRuntimeAndGivesTheReferenceStates()
    {
        using TempFolder folder = new();
        string target = Path.Combine(folder.Path, "onnx"), model = TestPaths.Golden("models", "base");
        BlipProcess.Result result = await BlipProcess.RunAsync("export", "--model", model, "--out", target);
        Assert.Equal(0, result.Code);
        Assert.Equal(4, result.Lines.Length);
        foreach (string file in Directory.GetFiles(target, "*.onnx"))
        {
            using InferenceSession session = new(file);
            Assert.NotEmpty(session.OutputNames);
        }

        string image = TestPaths.Golden("models", "pictures", "1.png"), input = Path.Combine(folder.Path, "input.safetensors");
        await BlipProcess.RunAsync("preprocess", image, "--model", model, "--out", input, "--alpha", "drop");
        byte[] bytes = File.ReadAllBytes(input), expected = File.ReadAllBytes(Path.Combine(model, "expected.safetensors"));
        using InferenceSession vision = new(Path.Combine(target, "vision.onnx"));
        using OrtValue pixels = OrtValue.CreateTensorValueFromMemory(bytes[^(64 * 64 * 3)..], [1, 64, 64, 3]);
        using RunOptions options = new();
        using IDisposableReadOnlyCollection<OrtValue> states = vision.Run(options, ["px"], [pixels], ["emb"]);
        (int offset, int length) = Find(expected, "vision.1");
        ReadOnlySpan<float> actual = states[0].GetTensorDataAsSpan<float>();
        Assert.Equal(length / 4, actual.Length);
        for (int i = 0; i < actual.Length; i++)
            Assert.Equal(BitConverter.ToSingle(expected, offset + (4 * i)), actual[i], 5e-4f);
    }

    [Fact]
    public async Task Export_FolderNamedWithASeparator_IsWritten()
    {
        using TempFolder folder = new();
        BlipProcess.Result result = await BlipProcess.RunAsync(
            "export", "--out", Path.Combine(folder.Path, "onnx") + Path.DirectorySeparatorChar);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.All(result.Lines, line => Assert.True(File.Exists(line)));
        Assert.Equal(["onnx"], Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Export_FolderHoldsFiles_AsksForForceAndThenLeavesThem()
    {
        using TempFolder folder = new();
        string target = Path.Combine(folder.Path, "onnx"), own = Path.Combine(target, "own.txt");
        string beside = Path.Combine(folder.Path, "onnx.partial", "own.txt");
        foreach (string file in (string[])[own, beside])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file) ?? "");
            File.WriteAllText(file, "keep");
        }
        BlipProcess.Result refused = await BlipProcess.RunAsync("export", "--out", target);
        Assert.Equal((1, ""), (refused.Code, refused.Out));
        Assert.Contains("--force", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        Assert.Equal([own], Directory.GetFiles(target));

        Assert.Equal(0, (await BlipProcess.RunAsync("export", "--out", target, "--force")).Code);
        Assert.Equal("keepkeep", File.ReadAllText(own) + File.ReadAllText(beside));
        Assert.True(File.Exists(Path.Combine(target, "decoder.onnx")));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder.Path).Length);
    }

    private static (int Offset, int Length) Find(byte[] file, string tensor)
    {
        int header = BitConverter.ToInt32(file);
        using JsonDocument table = JsonDocument.Parse(Encoding.UTF8.GetString(file, 8, header));
        JsonElement offsets = table.RootElement.GetProperty(tensor).GetProperty("data_offsets");
        return (8 + header + offsets[0].GetInt32(), offsets[1].GetInt32() - offsets[0].GetInt32());
    }
}
