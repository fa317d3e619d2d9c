using System.Diagnostics;
using Blip.Checkpoints;
using Blip.Runtime;
using Xunit;

namespace Blip.Tests.Runtime;

/// <summary>Kept weights belong to what a checkpoint holds, whatever its files' path, size and times.</summary>
public sealed class KnownDigestTests : IDisposable
{
    private readonly TempFolder _cache = new(), _models = new();

    private string Model => Path.Combine(_models.Path, "model");

    private string Weights => Path.Combine(Model, "model.safetensors");

    public void Dispose()
    {
        _cache.Dispose();
        _models.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ModelsOfEqualSizeAndTimes_InOnePlaceInTurn_AnswerEachForItself(bool replaced)
    {
        KeptModel.CopyTo(Model);
        byte[][] weights = [await File.ReadAllBytesAsync(Weights), KeptModel.OtherWeights(Model)];
        List<float[]> alone = [];
        foreach (byte[] bytes in weights)
        {
            using TempFolder own = new();
            KeptModel.WriteFile(Weights, bytes);
            alone.Add(await new KeptModel(own.Path).AskAsync(Model));
        }
        Assert.NotEqual(alone[0], alone[1]);
        KeptModel kept = new(_cache.Path);
        for (int round = 0; round < 6; round++)
        {
            if (replaced)
                File.Delete(Weights);
            KeptModel.WriteFile(Weights, weights[round % 2]);
            Assert.Equal(alone[round % 2], await kept.AskAsync(Model));
        }
        Assert.Equal(2, Directory.GetFiles(_cache.Path, "*.safetensors").Length);
    }

    [Fact]
    public async Task SameFiles_AreNotReadAgain()
    {
        KeptModel.CopyTo(Model);
        await SettleAsync();
        string digest = Digest();
        // What was noted is believed: another digest is given back as it is.
        Renote((known, stamp, samples) => $"{new string('a', 64)} {stamp} {samples}");
        Assert.Equal(OperatingSystem.IsLinux() ? new string('a', 64) : digest, Digest());
    }

    [Fact]
    public async Task NoteThatIsDamaged_IsNotBelieved()
    {
        KeptModel.CopyTo(Model);
        await SettleAsync();
        string digest = Digest();
        byte[] note = await File.ReadAllBytesAsync(Note());
        for (int at = 0; at < note.Length; at++)
        {
            byte[] damaged = [.. note];
            damaged[at] ^= 1;
            await File.WriteAllBytesAsync(Note(), damaged);
            Assert.Equal(digest, Digest());
            Assert.Equal(note, await File.ReadAllBytesAsync(Note()));
        }
    }

    [Theory(Timeout = 20_000)]
    [InlineData("pipe")]
    [InlineData("device")]
    public async Task NoteThatIsNoOrdinaryFile_IsNotRead_AndNotedAnew(string kind)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Makes a POSIX file.");
        KeptModel.CopyTo(Model);
        await SettleAsync();
        string digest = Digest(), note = Note();
        byte[] noted = await File.ReadAllBytesAsync(note, TestContext.Current.CancellationToken);
        File.Delete(note);
        if (kind == "device")
            File.CreateSymbolicLink(note, "/dev/zero");
        else
        {
            using Process make = Process.Start("mkfifo", [note]);
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.Equal(digest, await Task.Run(Digest, TestContext.Current.CancellationToken));
        Assert.Null(File.ResolveLinkTarget(note, returnFinalTarget: false));
        Assert.Equal(noted, await File.ReadAllBytesAsync(note, TestContext.Current.CancellationToken));
    }

    /// <summary>A container's image unpacks model and note elsewhere, with their times: what was noted holds, and is noted anew.</summary>
    [Fact]
    public async Task ModelAndNoteThatCameTogether_AreComparedBySamples()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux says when a file came to its place.");
        KeptModel.CopyTo(Model);
        await SettleAsync();
        string digest = Digest();
        byte[] weights = await File.ReadAllBytesAsync(Weights);

        Unpack(weights);
        Renote((known, stamp, samples) => $"{new string('a', 64)} {stamp} {samples}");
        Move();
        Assert.Equal(new string('a', 64), Digest());
        Assert.False(Folder().HasMoved(Path.GetFileName(Note())));
        // The same again without the note having moved: the files are read.
        Unpack(weights);
        Assert.Equal(digest, Digest());

        byte[] other = [.. weights];
        for (int at = other.Length / 2; at < other.Length; at += 64)
            other[at] ^= 1;
        Unpack(other);
        Move();
        Assert.NotEqual(digest, Digest());

        void Move() => File.SetLastWriteTimeUtc(Note(), DateTime.UtcNow.AddDays(-1));

        void Unpack(byte[] bytes)
        {
            File.Delete(Weights);
            KeptModel.WriteFile(Weights, bytes);
            Thread.Sleep(100);
        }
    }

    private CacheFolder Folder() => CacheFolder.Open(_cache.Path, SystemDisk.Instance)!;

    private string Digest()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Model);
        return KnownDigest.Of(checkpoint, Folder());
    }

    private string Note() => Assert.Single(Directory.GetFiles(_cache.Path, "digest-*"));

    private void Renote(Func<string, string, string, string> change)
    {
        string name = Path.GetFileName(Note());
        string[] parts = Folder().ReadText(name)!.Split(' ');
        Folder().WriteText(name, change(parts[0], parts[1], parts[2]));
    }

    /// <summary>A file that changed a moment ago could change again within the same step of its time, so nothing is noted of it.</summary>
    private static Task SettleAsync() => Task.Delay(100, TestContext.Current.CancellationToken);
}
