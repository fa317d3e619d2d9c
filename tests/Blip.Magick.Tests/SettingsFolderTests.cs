using System.Diagnostics;
using System.Runtime.Versioning;
using Xunit;

namespace Blip.Magick.Tests;

/// <summary>Settings that another user of the machine leaves for ImageMagick have no effect.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class SettingsFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("blip tést ").FullName;

    public SettingsFolderTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no shared folder of settings.");

    private string Folder => Path.Combine(_parent, "ImageMagick");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void Hold_WhileSettingsAreRead_FolderIsOursAndEmpty()
    {
        SettingsFolder.Hold(_parent, () =>
        {
            Assert.Equal(["blip"], Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        });
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public void Hold_ReadingFails_FolderIsGivenBack()
    {
        Assert.Throws<InvalidOperationException>(() => SettingsFolder.Hold(_parent, () => throw new InvalidOperationException()));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public async Task Hold_ManyProcesses_TakeTurns()
    {
        int inside = 0, most = 0, times = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => SettingsFolder.Hold(_parent, () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            Thread.Sleep(50);
            Interlocked.Decrement(ref inside);
            Interlocked.Increment(ref times);
        }))));
        Assert.Equal((1, 6), (most, times));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_parent));
    }

    [Fact]
    public void Hold_FolderOfAnother_IsRefusedOrMovedAway()
    {
        Directory.CreateDirectory(Path.Combine(Folder, "etc"));
        // A folder that may not be changed stands for one like /tmp, where only the owner moves what is inside. Root is not stopped.
        File.SetUnixFileMode(_parent, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            SettingsFolder.Hold(_parent, () => Assert.False(Path.Exists(Path.Combine(Folder, "etc"))));
            Assert.Equal("root", Environment.UserName);
        }
        catch (BlipException refused)
        {
            Assert.Equal(BlipErrorCode.Internal, refused.Code);
            Assert.Contains("belongs to another user", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(_parent, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void Decode_SettingsLieInTheSharedFolder_AreNotRead()
    {
        string settings = "/tmp/ImageMagick/etc/ImageMagick-7", log = Path.Combine(_parent, "written.log");
        Directory.CreateDirectory(settings);
        File.WriteAllText(
            Path.Combine(settings, "log.xml"),
            $"<logmap><log events=\"All\"/><log output=\"file\"/><log filename=\"{log}\"/><log format=\"%m\"/></logmap>");

        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(SettingsFolderTests).Assembly.Location);
        start.ArgumentList.Add("-method");
        start.ArgumentList.Add("*Process_HeicWithExifOrientation_ObeysItsOwnTurnAlone");
        using Process child = Process.Start(start)!;
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();

        Assert.True(child.ExitCode == 0, output);
        Assert.Contains("Total: 1", output, StringComparison.Ordinal);
        Assert.False(File.Exists(log));
        Assert.False(Directory.Exists("/tmp/ImageMagick"));
        foreach (string left in Directory.EnumerateDirectories("/tmp", "blip-*-left"))
            Directory.Delete(left, recursive: true);
    }
}
