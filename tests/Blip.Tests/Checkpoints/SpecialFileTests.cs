using System.Diagnostics;
using System.Net.Sockets;
using Blip.Checkpoints;
using Blip.Text;
using Xunit;

namespace Blip.Tests.Checkpoints;

/// <summary>What is no ordinary file is refused at once, under every name that a model's files have.</summary>
public class SpecialFileTests
{
    private static readonly string[] Names =
    [
        "config.json", "preprocessor_config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
        "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = [];
            foreach (string name in Names)
            {
                foreach (string kind in (string[])["pipe", "socket", "device", "folder", "empty"])
                    cases.Add(name, kind);
            }
            return cases;
        }
    }

    [Theory(Timeout = 20_000)]
    [MemberData(nameof(Cases))]
    public async Task Open_NoOrdinaryFile_IsOneErrorAtOnce(string name, string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && kind is not ("folder" or "empty"), "Makes a POSIX file.");
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        if (name is "model.safetensors.index.json" or "pytorch_model.bin")
            File.Delete(Path.Combine(folder.Path, "model.safetensors"));
        if (name == "vocab.txt")
            File.Delete(Path.Combine(folder.Path, "tokenizer.json"));
        string path = Path.Combine(folder.Path, name);
        File.Delete(path);
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        switch (kind)
        {
            case "pipe":
                using (Process make = Process.Start("mkfifo", [path]))
                    await make.WaitForExitAsync(TestContext.Current.CancellationToken);
                break;
            case "socket": socket.Bind(new UnixDomainSocketEndPoint(path)); break;
            case "device": File.CreateSymbolicLink(path, "/dev/zero"); break;
            case "folder": Directory.CreateDirectory(path); break;
            default: await File.WriteAllTextAsync(path, "", TestContext.Current.CancellationToken); break;
        }
        BlipModelException error = await Task.Run(
            () => Assert.Throws<BlipModelException>(() =>
            {
                Checkpoint.Open(folder.Path).Dispose();
                BertTokenizer.Load(folder.Path);
            }),
            TestContext.Current.CancellationToken);
        Assert.StartsWith($"{name} is {(kind == "folder" ? "a folder" : "empty, or a pipe")}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vocab.txt", 65L << 20)]
    [InlineData("config.json", 11L << 20)]
    public void Open_LargerThanItsKindMayBe_IsRefusedUnread(string name, long length)
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        File.Delete(Path.Combine(folder.Path, "tokenizer.json"));
        using (FileStream file = File.OpenWrite(Path.Combine(folder.Path, name)))
            file.SetLength(length);
        BlipModelException error = Assert.Throws<BlipModelException>(() =>
        {
            BertTokenizer.Load(folder.Path);
            Checkpoint.Open(folder.Path).Dispose();
        });
        Assert.Contains(FormattableString.Invariant($"{name} has {length} bytes"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_WeightsCutInPlace_IsOneErrorAndNoEndOfTheProcess()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        await using BlipModel model = await BlipModel.LoadAsync(folder.Path, TestContext.Current.CancellationToken);
        Answer before = await Ask(model);
        string path = Path.Combine(folder.Path, "model.safetensors");
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        using (FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(1000);
        BlipModelException error = await Assert.ThrowsAsync<BlipModelException>(() => Ask(model));
        Assert.Contains("model.safetensors has become shorter", error.Message, StringComparison.Ordinal);
        // The digest is read from the weights, too.
        await Assert.ThrowsAsync<BlipModelException>(() => model.GetDigestAsync(TestContext.Current.CancellationToken));

        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        Assert.Equal(before.TokenIds, (await Ask(model)).TokenIds);
    }

    [Fact]
    public async Task Ask_WeightsReplacedByRename_GoesOn()
    {
        using TempFolder folder = new();
        CheckpointTests.Copy("base", folder.Path);
        await using BlipModel model = await BlipModel.LoadAsync(folder.Path, TestContext.Current.CancellationToken);
        Answer before = await Ask(model);
        string other = Path.Combine(folder.Path, "other");
        await File.WriteAllTextAsync(other, "short", TestContext.Current.CancellationToken);
        File.Move(other, Path.Combine(folder.Path, "model.safetensors"), overwrite: true);
        Assert.Equal(before.TokenIds, (await Ask(model)).TokenIds);
    }

    private static Task<Answer> Ask(BlipModel model) => model.AskAsync(
        BlipImage.FromFile(GoldenModels.ImagePath(0)), "how many dogs are in the picture?",
        cancellationToken: TestContext.Current.CancellationToken);
}
