using System.Diagnostics;
using System.Text;
using Blip.AI.Images;
using Blip.Tests;
using Xunit;

namespace Blip.Plugin.Tests.Images;

public sealed class ImageSourceFileTests : IDisposable
{
    private const string Secret = "the secret outside";

    private readonly TempFolder _temp = new();
    private readonly string _allowed;
    private readonly string _outside;
    private readonly ImageSource _source;

    public ImageSourceFileTests()
    {
        _allowed = Path.GetDirectoryName(_temp.Write("image", "allowed", "dogs.jpg"))!;
        _temp.Write("nested", "allowed", "sub folder", "\u00e9t\u00e9 100%.png");
        _temp.Write("sibling", "allowed-not", "dogs.jpg");
        _outside = Path.GetDirectoryName(_temp.Write(Secret, "outside", "secret.png"))!;
        _source = new ImageSource(new ImageSourceOptions { AllowedFolders = [_allowed], MaxBytes = 1000 });
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _source.Dispose();
        _temp.Dispose();
    }

    [Theory]
    [InlineData("shot 10:00.jpg")]
    [InlineData("aux.jpg")]
    public async Task Resolve_NameThatIsNotReadAnywhere_SaysThatTheNameIsTheTrouble(string name)
    {
        _temp.Write("x", name);
        using ImageSource source = new(new ImageSourceOptions { AllowedFolders = [_temp.Root] });
        BlipException error = await Assert.ThrowsAsync<BlipException>(
            async () => await source.ResolveAsync(name, cancellationToken: Token));
        Assert.Equal(ImageSourceErrorCode.FileNotAllowed, error.Code);
        Assert.Contains("name", error.Message, StringComparison.Ordinal);
        Assert.Contains("colon", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_FileUnderAllowedFolder_IsRead()
    {
        string nested = Path.Combine(_allowed, "sub folder", "\u00e9t\u00e9 100%.png");
        Assert.Equal("image", await ReadAsync(Path.Combine(_allowed, "dogs.jpg")));
        Assert.Equal("image", await ReadAsync("dogs.jpg"));
        Assert.Equal("image", await ReadAsync("./sub folder/../dogs.jpg"));
        Assert.Equal("nested", await ReadAsync(nested));
        Assert.Equal("nested", await ReadAsync("sub folder/\u00e9t\u00e9 100%.png"));
        string escaped = Uri.EscapeDataString(nested).Replace("%2F", "/", StringComparison.Ordinal);
        Assert.Equal("nested", await ReadAsync("file://" + escaped));
        Assert.Equal("nested", await ReadAsync("FILE://localhost" + escaped));

        ResolvedImage image = await _source.ResolveAsync(Path.Combine(_allowed, "dogs.jpg"), cancellationToken: Token);
        Assert.Equal("dogs.jpg", image.Source);
    }

    [Fact]
    public async Task Resolve_LinkThatStaysInside_IsRead()
    {
        File.CreateSymbolicLink(Path.Combine(_allowed, "link.jpg"), "sub folder/../dogs.jpg");
        Directory.CreateSymbolicLink(Path.Combine(_allowed, "here"), _allowed);
        Assert.Equal("image", await ReadAsync("link.jpg"));
        Assert.Equal("image", await ReadAsync("here/here/link.jpg"));
    }

    [Fact]
    public async Task Resolve_AllowedFolderIsALink_ReadsThroughIt()
    {
        string link = _temp.At("link to allowed");
        Directory.CreateSymbolicLink(link, _allowed);
        using ImageSource source = new(new ImageSourceOptions { AllowedFolders = [link] });
        Assert.Equal(5, (await source.ResolveAsync(Path.Combine(link, "dogs.jpg"), cancellationToken: Token)).Data.Length);
        Assert.Equal(5, (await source.ResolveAsync(Path.Combine(_allowed, "dogs.jpg"), cancellationToken: Token)).Data.Length);
    }

    [Fact]
    public async Task Resolve_FolderOfTheScope_IsAllowedThereOnly()
    {
        ImageSourceScope scope = new() { AllowedFolders = ["https://example.com/", "relative", new Uri(_outside).AbsoluteUri] };
        string secret = Path.Combine(_outside, "secret.png");
        Assert.Equal(Secret, await ReadAsync(secret, scope));
        Assert.Equal(Secret, await ReadAsync("secret.png", scope));
        await RefusedAsync(secret, ImageSourceErrorCode.FileNotAllowed);
    }

    [Fact]
    public async Task Resolve_Unrestricted_ReadsEveryFileButNoDevice()
    {
        using ImageSource source = new(ImageSourceOptions.Unrestricted());
        string secret = Path.Combine(_outside, "secret.png");
        Assert.Equal(Secret.Length, (await source.ResolveAsync(secret, cancellationToken: Token)).Data.Length);
        string colon = _temp.Write("x", "a 10:30.png");
        Assert.Equal(1, (await source.ResolveAsync(colon, cancellationToken: Token)).Data.Length);
        foreach (string device in (string[])["/dev/zero", "/dev/stdin", "/proc/self/environ", "/sys/kernel/notes"])
            await RefusedAsync(device, ImageSourceErrorCode.FileNotAllowed, source);
    }

    [Fact]
    public async Task Resolve_HostilePath_NeverReadsOutside()
    {
        MakeTraps();
        string[] hostile = [.. HostilePaths().Distinct()];
        Assert.True(hostile.Length >= 500, $"{hostile.Length} paths");
        string[] codes =
        [
            ImageSourceErrorCode.FileNotAllowed, ImageSourceErrorCode.AddressNotAllowed,
            BlipErrorCode.FileNotFound, BlipErrorCode.InvalidRequest, BlipErrorCode.UnsupportedImage,
        ];
        foreach (string path in hostile)
        {
            try
            {
                ResolvedImage image = await _source.ResolveAsync(path, cancellationToken: Token);
                Assert.Fail($"{path}: {image.Data.Length} bytes");
            }
            catch (BlipException e)
            {
                Assert.True(codes.Contains(e.Code), $"{path}: {e.Code}");
                AssertClean(e);
            }
        }
    }

    [Fact]
    public async Task Resolve_PathOutside_DoesNotTellWhetherItExists()
    {
        MakeTraps();
        foreach (string folder in (string[])[_outside, "../outside", "folder-link", "../allowed-not"])
        {
            BlipException there = await RefusedAsync(Path.Combine(folder, "secret.png"), ImageSourceErrorCode.FileNotAllowed);
            BlipException missing = await RefusedAsync(Path.Combine(folder, "missing.png"), ImageSourceErrorCode.FileNotAllowed);
            Assert.Equal(there.Message, missing.Message);
        }
    }

    [Fact]
    public async Task Resolve_MissingEmptyOrLargeFile_TellsWhich()
    {
        _temp.Write("", "allowed", "empty.png");
        _temp.Write(new string('x', 1001), "allowed", "large.png");
        _temp.Write(new string('x', 1000), "allowed", "exact.png");
        await RefusedAsync("missing.png", BlipErrorCode.FileNotFound);
        await RefusedAsync("sub folder", BlipErrorCode.FileNotFound);
        await RefusedAsync("empty.png", BlipErrorCode.UnsupportedImage);
        await RefusedAsync("large.png", BlipErrorCode.ImageTooLarge);
        Assert.Equal(1000, (await ReadAsync("exact.png")).Length);
    }

    [Fact]
    public async Task Resolve_Pipe_DoesNotHang()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Only Unix has named pipes in folders.");
        using (Process mkfifo = Process.Start("mkfifo", [Path.Combine(_allowed, "pipe.png")]))
            await mkfifo.WaitForExitAsync(Token);
        Task<BlipException> refused = RefusedAsync("pipe.png", BlipErrorCode.UnsupportedImage);
        await refused.WaitAsync(TimeSpan.FromSeconds(5), Token);
    }

    [Fact]
    [Trait("Category", "Long")]
    public async Task Resolve_LinkSwappedDuringTheRead_NeverReadsOutside()
    {
        _temp.Write("image", "allowed", "folder", "secret.png");
        string folder = Path.Combine(_allowed, "folder");
        string away = Path.Combine(_allowed, "away");
        string next = Path.Combine(_allowed, "next");
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        TaskCompletionSource started = new();
        Task swapping = Task.Run(() =>
        {
            started.SetResult();
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                File.CreateSymbolicLink(next, i % 2 == 0 ? Path.Combine(_allowed, "dogs.jpg") : Path.Combine(_outside, "secret.png"));
                File.Move(next, Path.Combine(_allowed, "link.png"), overwrite: true);

                Directory.Move(folder, away);
                Directory.CreateSymbolicLink(folder, _outside);
                Directory.Delete(folder);
                Directory.Move(away, folder);
            }
        }, Token);

        await started.Task;
        int read = 0, refused = 0;
        for (int i = 0; i < TestScale.Of(100_000); i++)
        {
            try
            {
                Assert.Equal("image", await ReadAsync(i % 2 == 0 ? "link.png" : "folder/secret.png"));
                read++;
            }
            catch (BlipException e) when (e.Code is ImageSourceErrorCode.FileNotAllowed or BlipErrorCode.FileNotFound)
            {
                refused++;
            }
        }
        await stop.CancelAsync();
        await swapping;
        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }

    private void MakeTraps()
    {
        void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_allowed, name), target);
        Link("file-link.png", Path.Combine(_outside, "secret.png"));
        Link("relative-link.png", "../outside/secret.png");
        Link("folder-link", _outside);
        Link("parent", "..");
        Link("root", "/");
        Link("chain-1", "chain-2");
        Link("chain-2", "sub folder/../parent/outside/secret.png");
        Link("loop-1", "loop-2");
        Link("loop-2", "loop-1");
        Link("dev-zero.png", "/dev/zero");
        Link("environ.png", "/proc/self/environ");
        Link("fd", "/proc/self/fd");
        Link("dangling", Path.Combine(_outside, "missing.png"));
        for (int i = 0; i < 60; i++)
            Link($"deep-{i}", i == 0 ? "dogs.jpg" : $"deep-{i - 1}");
    }

    /// <summary>
    /// Paths with which an attacker tries to read outside the allowed folder: files of the system, devices, keys. None of them is read.
    /// The files of the system and the devices are named because every machine has them.
    /// </summary>
    private IEnumerable<string> HostilePaths()
    {
        string secret = Path.Combine(_outside, "secret.png");
        // With what every Linux has and no caller may read: devices, and what the kernel tells of the process.
        string[] targets =
        [
            secret, "../outside/secret.png", "sub folder/../../outside/secret.png", "file-link.png", "relative-link.png",
            "folder-link/secret.png", "parent/outside/secret.png", "chain-1", "loop-1", "dev-zero.png", "environ.png", "fd/0", "dangling",
            "deep-59", "root/etc/passwd", "root" + secret, "parent/parent/parent/etc/passwd", "../allowed-not/dogs.jpg", "/etc/passwd",
            "/proc/self/environ", "/proc/self/root/etc/passwd", "/dev/zero", "/dev/stdin", "/dev/fd/0", "~/.ssh/id_rsa", "/", ".", "..",
        ];
        foreach (string target in targets)
        {
            string full = target.StartsWith('/') ? target : Path.Combine(_allowed, target);
            yield return target;
            yield return full;
            yield return "/" + full;
            yield return full.Replace("/", "//", StringComparison.Ordinal);
            yield return full.Replace('/', '\\');
            yield return _allowed + "/../" + target;
            yield return _allowed + "/./../allowed/../" + target.TrimStart('/');
            yield return "file:" + full;
            yield return "file://" + full;
            yield return "FiLe://LOCALHOST" + full;
            yield return "file://server" + full;
            yield return "file://127.0.0.1" + full;
            yield return "file:////" + full;
            yield return "file://" + full.Replace("/", "%2f", StringComparison.Ordinal);
            yield return "file:///" + full.Replace("/", "%2F", StringComparison.Ordinal);
            yield return "file://" + full.Replace(".", "%2e", StringComparison.Ordinal);
            yield return "file://" + full.Replace("/", "%255c", StringComparison.Ordinal);
            yield return full + "%00.png";
            yield return "file://" + full + "%00.png";
            yield return full + "\0.png";
            yield return full + "\n";
            yield return full + "/.";
            yield return full + "::$DATA";
            yield return @"\\?\" + full;
            yield return @"\\.\" + full;
        }

        string[] devices =
        [
            "CON", "con", "PRN", "AUX", "NUL", "COM1", "COM9", "COM\u00b9", "LPT1", "LPT\u00b3", "CONIN$", "CONOUT$", "CLOCK$",
            "nul.jpg", "NUL .jpg", "nul.", "aux.tar.gz",
        ];
        foreach (string device in devices)
        {
            yield return device;
            yield return "sub folder/" + device;
            yield return "sub folder\\" + device;
            yield return Path.Combine(_allowed, device);
            yield return @"C:\" + device;
            yield return @"\\.\" + device;
            yield return "file:///" + device;
        }

        foreach (string host in (string[])["server", "127.0.0.1", "localhost", ".", "?", "?\\UNC\\server", "server@SSL", "server@80"])
            foreach (string slashes in (string[])["\\\\", "//", "\\/", "/\\"])
                yield return $"{slashes}{host}{slashes[1]}share{slashes[1]}secret.png";

        string[] names =
        [
            "dogs.jpg:stream", "./dogs.jpg:stream", "./dogs.jpg::$DATA", "./dogs.jpg.", "./sub folder ./dogs.jpg",
            @"\??\C:\secret.png", "C:secret.png", @"C:\secret.png", "c:/secret.png",
        ];
        foreach (string name in names)
            yield return name;
    }

    private async Task<string> ReadAsync(string path, ImageSourceScope? scope = null) =>
        Encoding.UTF8.GetString((await _source.ResolveAsync(path, scope, Token)).Data.Span);

    private async Task<BlipException> RefusedAsync(string path, string code, ImageSource? source = null)
    {
        source ??= _source;
        BlipException e = await Assert.ThrowsAsync<BlipException>(async () => await source.ResolveAsync(path, cancellationToken: Token));
        Assert.Equal(code, e.Code);
        AssertClean(e);
        return e;
    }

    private void AssertClean(BlipException e)
    {
        Assert.Null(e.InnerException);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(_temp.Root, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("/etc", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("/proc", e.Message, StringComparison.Ordinal);
    }
}
