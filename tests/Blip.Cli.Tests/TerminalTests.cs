using System.Diagnostics;
using Blip.Tests;
using Xunit;

namespace Blip.Cli.Tests;

/// <summary>What a person sees in a terminal: the session of <c>blip</c> alone, columns, progress.</summary>
[Trait("Category", "Long")]
public sealed class TerminalTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public TerminalTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "script has other options elsewhere.");
        File.Copy(TestPaths.Sample("dogs.jpg"), Path.Combine(_folder.Path, "dogs.jpg"));
        File.Copy(TestPaths.Sample("room.jpg"), Path.Combine(_folder.Path, "my room's.jpg"));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Session_DropAskAskAgain_Answers()
    {
        await using Pty terminal = Pty.Start(80, _folder.Path, "$blip");
        await terminal.SeeAsync("Ctrl+D ends.");
        await terminal.SeeAsync("image> ");
        await terminal.TypeAsync("is there a cat?\r");
        await terminal.SeeAsync("An image comes first");
        // Tab writes the rest of the name.
        await terminal.TypeAsync("do\t\r");
        await terminal.SeeAsync("image> dogs.jpg\r\n");
        await terminal.SeeAsync("JPEG, ");
        await terminal.SeeAsync("dogs.jpg> ");
        await terminal.TypeAsync("how many dogs are in the picture?\r");
        await terminal.SeeAsync("picture?\r\n2\r\n");
        // What was typed before comes again, and can be changed.
        await terminal.TypeAsync("\e[A\e[A\e[A\e[B\e[B\r");
        await terminal.SeeAsync("picture?\r\n2\r\n");
        // As terminals write a file that is dropped.
        await terminal.TypeAsync("'" + _folder.Path + "/my room'\\''s.jpg' \r");
        await terminal.SeeAsync("JPEG, ");
        await terminal.TypeAsync("my\\ room\\'s.jpg is this inside or outside?\r");
        await terminal.SeeAsync("\r\ninside\r\n");
        await terminal.TypeAsync($"file://{_folder.Path}/my%20room's.jpg\r");
        await terminal.SeeAsync("JPEG, ");
        await terminal.TypeAsync("nosuch.jpg\r");
        await terminal.SeeAsync("There is no file nosuch.jpg.");
        await terminal.SeeAsync("my room's.jpg> ");
        await terminal.TypeAsync("is there\u0003");
        await terminal.SeeAsync("^C");
        await terminal.TypeAsync("*.jpg\ris there a cat?\r");
        await terminal.SeeAsync("my room's.jpg  no\r\n");
        await terminal.TypeAsync("\u0004");
        Assert.Equal(0, (await terminal.EndAsync()).Code);
    }

    [Fact]
    public async Task Session_Again_KnowsEarlierLines()
    {
        string state = Path.Combine(_folder.Path, "state"), file = Path.Combine(state, "blip", "history");
        await SayAsync("unset BLIP_HISTORY", "first\r", " with a space before\r", "second\r", "second\r", new string('a', 1001) + "\r");
        Assert.Equal("first\nsecond\n", File.ReadAllText(file));
        AssertPrivate(file);
        Assert.Contains("image> first\r\n", await SayAsync("unset BLIP_HISTORY", "\e[A\e[A\r"), StringComparison.Ordinal);

        // It is bounded, and it can be switched off.
        File.WriteAllLines(file, Enumerable.Range(1, 2000).Select(i => $"line {i}"));
        await SayAsync("unset BLIP_HISTORY", "\e[A\e[A\r");
        Assert.Equal([.. Enumerable.Range(1001, 1000).Select(i => $"line {i}"), "line 1999"], File.ReadAllLines(file));
        AssertPrivate(file);
        Assert.DoesNotContain("image> line", await SayAsync("export BLIP_HISTORY=", "\e[A\r"), StringComparison.Ordinal);
        // A folder is no file for lines: the session goes on without one.
        string seen = await SayAsync($"export BLIP_HISTORY='{state}'", "\e[A\r", "third\r");
        Assert.Contains("image> third\r\n", seen, StringComparison.Ordinal);
        Assert.Equal(1001, File.ReadAllLines(file).Length);

        async Task<string> SayAsync(string setting, params string[] lines)
        {
            await using Pty terminal = Pty.Start(80, _folder.Path, $"export XDG_STATE_HOME='{state}'; {setting}; $blip");
            await terminal.SeeAsync("image> ");
            foreach (string line in lines)
                await terminal.TypeAsync(line);
            await terminal.TypeAsync("\u0004");
            (int code, string seen) = await terminal.EndAsync();
            Assert.Equal(0, code);
            return seen;
        }
    }

    [Fact]
    public async Task Session_LineWiderThanTheTerminal_StaysOnItsLine()
    {
        await using Pty terminal = Pty.Start(30, _folder.Path, "$blip");
        await terminal.SeeAsync("image> ");
        await terminal.TypeAsync("dogs.jpg\r");
        await terminal.SeeAsync("dogs.jpg> ");
        await terminal.TypeAsync("how many dogs are in the picture?");
        string drawn = (await terminal.SeeAsync("the picture?")).Split('\r')[^1];
        Assert.InRange(drawn.Replace("\e[K", "", StringComparison.Ordinal).Length, 20, 30);
        await terminal.TypeAsync("\r");
        await terminal.SeeAsync("\r\n2\r\n");
        await terminal.TypeAsync("/quit\r");
        Assert.Equal(0, (await terminal.EndAsync()).Code);
    }

    [Fact]
    public async Task Session_Terminated_LeavesTheTerminalAsItWas()
    {
        await using Pty terminal = Pty.Start(
            80, _folder.Path, "before=$(stty -g); export blip; sh -c 'echo $$ >pid; exec $blip'; echo ended $?; "
            + "[ \"$before\" = \"$(stty -g)\" ] && echo as before");
        await terminal.SeeAsync("image> ");
        using Process kill = Process.Start("kill", [File.ReadAllText(Path.Combine(_folder.Path, "pid")).Trim()]);
        await terminal.SeeAsync("ended 143\r\nas before");
    }

    [Theory]
    [InlineData(80, "dogs.jpg       no\r\nmy room's.jpg  no\r\n")]
    [InlineData(24, "dogs.jpg  no\r\n…oom's.jpg  no\r\n")]
    public async Task Ask_ManyImages_AreAlignedAndCutToTheTerminal(int columns, string seen)
    {
        await using Pty terminal = Pty.Start(columns, _folder.Path, "$blip ask . \"is there a cat?\" 2>/dev/null");
        (int code, string all) = await terminal.EndAsync();
        Assert.Equal((0, seen), (code, all.Replace("./", "", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Ask_ManyImages_ShowsProgressOnTheTerminalAlone()
    {
        await using Pty terminal = Pty.Start(80, _folder.Path, "$blip ask . dogs.jpg \"is there a cat?\" >answers; tail -n 1 answers");
        (int code, string all) = await terminal.EndAsync();
        Assert.Equal(0, code);
        Assert.Contains(" 0 of 3", all, StringComparison.Ordinal);
        Assert.Matches(@"of 3, \d+\.\d images/s, \d+ s left", all);
        // The line is gone at the end.
        Assert.EndsWith("\r\e[Kdogs.jpg\tis there a cat?\tno\r\n", all, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', File.ReadAllText(Path.Combine(_folder.Path, "answers")));
    }

    private static void AssertPrivate(string file)
    {
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }
}
