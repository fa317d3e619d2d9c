using System.Diagnostics;
using Xunit;

namespace Blip.Hub.Tests;

public sealed class HubSettingsTests : HubTest
{
    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    [Fact]
    public void CacheFolder_Environment_IsReadAsThePythonClientDoes()
    {
        Assert.Equal(Path.Combine(Home, ".cache", "huggingface", "hub"), Read().CacheFolder);
        Assert.Equal(Full("/x/huggingface/hub"), Read(("XDG_CACHE_HOME", "/x")).CacheFolder);
        Assert.Equal(Full("/h/hub"), Read(("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")).CacheFolder);
        Assert.Equal(Full("/c"), Read(("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")).CacheFolder);
        Assert.Equal(Path.Combine(Home, "models", "hub"), Read(("HF_HOME", "~/models")).CacheFolder);
        Assert.Equal(Full("/data/a/b"), Read(("HF_HUB_CACHE", "$ROOT/${SUB}/b"), ("ROOT", "/data"), ("SUB", "a")).CacheFolder);
        Assert.Equal(Path.Combine(Home, ".cache", "huggingface", "hub"), Read(("HF_HOME", " ")).CacheFolder);
        HubOptions option = new() { CacheFolder = "/o", Environment = Of(("HF_HUB_CACHE", "/c")) };
        Assert.Equal(Full("/o"), HubSettings.From(option).CacheFolder);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("0", false)]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("Yes", true)]
    [InlineData("on", true)]
    [InlineData("2", false)]
    public void Switches_Environment_AreReadAsThePythonClientDoes(string? value, bool expected)
    {
        HubSettings settings = Read(("HF_HUB_OFFLINE", value), ("HF_HUB_DISABLE_PROGRESS_BARS", value));
        Assert.Equal((expected, expected), (settings.Offline, settings.DisableProgress));
        Assert.False(HubSettings.From(new HubOptions { Offline = false, Environment = Of(("HF_HUB_OFFLINE", value)) }).Offline);
    }

    [Fact]
    public void Token_Sources_InOrder()
    {
        string file = Path.Combine(Cache, "token");
        File.WriteAllText(file, "hf_file\r\n");
        Assert.Null(Read(("HF_HOME", "/nowhere")).Token);
        Assert.Equal("hf_file", Read(("HF_HOME", Cache)).Token);
        Assert.Equal("hf_file", Read(("HF_HOME", "/nowhere"), ("HF_TOKEN_PATH", file)).Token);
        Assert.Equal("hf_$env", Read(("HF_HOME", Cache), ("HF_TOKEN", " hf_$env\n")).Token);
        Assert.Equal("hf_option", HubSettings.From(new HubOptions { Token = "hf_option", Environment = Of(("HF_TOKEN", "hf_env")) }).Token);
        Assert.Null(HubSettings.From(new HubOptions { Token = "", Environment = Of(("HF_TOKEN", "hf_env")) }).Token);
    }

    [Theory(Timeout = 20_000)]
    [InlineData("pipe", true)]
    [InlineData("device", true)]
    [InlineData("device", false)]
    [InlineData("large", true)]
    public async Task TokenFile_NoOrdinaryOne_IsAnErrorAtOnceThatNamesTheSetting(string kind, bool isNamed)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Makes a POSIX file.");
        string path = Path.Combine(Cache, "token");
        switch (kind)
        {
            case "pipe":
                using (Process make = Process.Start("mkfifo", [path]))
                    await make.WaitForExitAsync(TestContext.Current.CancellationToken);
                break;
            case "device": File.CreateSymbolicLink(path, "/dev/zero"); break;
            default: await File.WriteAllTextAsync(path, new string('a', 100_000), TestContext.Current.CancellationToken); break;
        }
        BlipException e = await Task.Run(
            () => Assert.Throws<BlipException>(() => isNamed ? Read(("HF_TOKEN_PATH", path)) : Read(("HF_HOME", Cache))),
            TestContext.Current.CancellationToken);
        Assert.Equal(BlipErrorCode.InvalidRequest, e.Code);
        Assert.Contains("HF_TOKEN_PATH", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Cache, e.Message, StringComparison.Ordinal);
        // Another token is there, so the file is not needed.
        Assert.Equal("hf_env", Read(("HF_TOKEN_PATH", path), ("HF_TOKEN", "hf_env")).Token);
    }

    [Fact]
    public void TokenFile_Empty_IsNoToken()
    {
        string path = Path.Combine(Cache, "token");
        File.WriteAllText(path, "");
        Assert.Null(Read(("HF_TOKEN_PATH", path)).Token);
        if (!OperatingSystem.IsWindows())
            Assert.Null(Read(("HF_TOKEN_PATH", "/dev/null")).Token);
    }

    [Theory]
    [InlineData("hf_a b")]
    [InlineData("hf_a\r\nX-Evil: 1")]
    [InlineData("hf_ä")]
    public void Token_Malformed_IsRefusedWithoutBeingShown(string token)
    {
        BlipException e = Assert.Throws<BlipException>(() => Read(("HF_TOKEN", token)));
        Assert.Equal(BlipErrorCode.InvalidRequest, e.Code);
        Assert.DoesNotContain("hf_", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("huggingface.co")]
    [InlineData("ftp://huggingface.co")]
    [InlineData("file:///etc")]
    [InlineData("https://user:secret@huggingface.co")]
    [InlineData("https://huggingface.co?x=1")]
    public void Endpoint_Malformed_IsRefusedWithoutBeingShown(string endpoint)
    {
        BlipException e = Assert.Throws<BlipException>(() => Read(("HF_ENDPOINT", endpoint)));
        Assert.Equal(BlipErrorCode.InvalidRequest, e.Code);
        Assert.DoesNotContain("secret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Endpoint_Environment_KeepsItsPath()
    {
        Assert.Equal("https://huggingface.co/", Read().Endpoint.AbsoluteUri);
        Assert.Equal("http://mirror:8080/hub", Read(("HF_ENDPOINT", "http://mirror:8080/hub/")).Endpoint.AbsoluteUri);
    }

    [Fact]
    public void Timeouts_Environment_AreReadAsThePythonClientDoes()
    {
        HubSettings settings = Read(("HF_HUB_ETAG_TIMEOUT", "7"), ("HF_HUB_DOWNLOAD_TIMEOUT", "45"));
        Assert.Equal((7.0, 45.0, 45.0), Seconds(settings));
        Assert.Equal((10.0, 10.0, 30.0), Seconds(Read()));
        HubOptions option = new() { IdleTimeout = TimeSpan.FromSeconds(3), Environment = Of(("HF_HUB_ETAG_TIMEOUT", "7")) };
        Assert.Equal((3.0, 3.0, 3.0), Seconds(HubSettings.From(option)));
        foreach (string wrong in (string[])["0", "-1", "ten", "1e9"])
            Assert.Contains("HF_HUB_ETAG_TIMEOUT", Assert.Throws<BlipException>(() => Read(("HF_HUB_ETAG_TIMEOUT", wrong))).Message);

        static (double, double, double) Seconds(HubSettings settings) => (
            settings.DescriptionTimeout.TotalSeconds, settings.AnswerTimeout.TotalSeconds, settings.StallTimeout.TotalSeconds);
    }

    [Fact]
    public void Options_OutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => HubSettings.From(new HubOptions { MaxParallelFiles = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HubSettings.From(new HubOptions { Retries = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HubSettings.From(new HubOptions { IdleTimeout = TimeSpan.Zero }));
        Assert.Throws<BlipException>(() => HubSettings.From(new HubOptions { Revision = "../x" }));
    }

    private static HubSettings Read(params (string Name, string? Value)[] variables) =>
        HubSettings.From(new HubOptions { Environment = Of(variables) });

    private static Func<string, string?> Of(params (string Name, string? Value)[] variables) =>
        name => variables.FirstOrDefault(variable => variable.Name == name).Value;

    private static string Full(string path) => Path.GetFullPath(path);
}
