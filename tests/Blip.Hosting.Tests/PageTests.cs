using System.Globalization;
using System.Text.Json;
using Blip.Tests;
using Microsoft.Playwright;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The web page in a real Chromium: with the mouse, with the keyboard, on a phone, with a key, and with errors.</summary>
public sealed class PageTests : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        string? chromium = Chromium.Find();
        if (chromium is null)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = ["--no-sandbox"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    [Fact]
    public async Task Mouse_ImageAndQuestions_AreAnswered()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, List<string> errors, List<string> outside) = await OpenAsync(context, service);
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await page.FillAsync("#question", Service.HowMany);
        await page.ClickAsync("#ask");
        await Answer(page, 1);
        await page.FillAsync("#question", "what color is the tree?");
        await page.ClickAsync("#ask");
        await Answer(page, 2);
        // The newest comes first.
        Assert.Equal(["green", "2"], await page.Locator(".said").AllTextContentsAsync());
        JsonElement answer = await service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany));
        string percent = answer.GetProperty("confidence").GetDouble().ToString("P0", CultureInfo.InvariantCulture);
        Assert.Matches($@"^{percent} sure\d+ ms", await page.Locator("li").Nth(1).Locator(".facts").TextContentAsync());
        await ShotAsync(page, "desktop");
        Assert.Empty(errors);
        Assert.Empty(outside);
    }

    [Fact]
    public async Task Keyboard_Alone_Suffices()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("file", await FocusedAsync(page));
        IFileChooser chooser = await page.RunAndWaitForFileChooserAsync(() => page.Keyboard.PressAsync("Space"));
        await chooser.SetFilesAsync(TestPaths.Sample("dogs.jpg"));
        Assert.Equal("question", await FocusedAsync(page));
        await page.Keyboard.TypeAsync(Service.HowMany);
        await page.Keyboard.PressAsync("Enter");
        await Answer(page, 1);
        Assert.Equal("2", await page.Locator(".said").TextContentAsync());
    }

    [Fact]
    public async Task Drop_OnThePage_TakesTheImage()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.EvaluateAsync(
            """
            base64 => {
              const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
              const data = new DataTransfer();
              data.items.add(new File([bytes], "dogs.jpg", { type: "image/jpeg" }));
              document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
            }
            """, Convert.ToBase64String(Service.Dogs));
        await page.FillAsync("#question", Service.HowMany);
        await page.Keyboard.PressAsync("Enter");
        await Answer(page, 1);
        Assert.Equal("2", await page.Locator(".said").TextContentAsync());
    }

    [Fact]
    public async Task Phone_FitsAndCanBeTouched()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 360, Height = 740 },
            HasTouch = true,
            IsMobile = true,
            DeviceScaleFactor = 2,
            ColorScheme = ColorScheme.Dark,
        });
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.SetInputFilesAsync("#file", TestPaths.Sample("room.jpg"));
        await page.FillAsync("#question", "how many cups are there?");
        await page.TapAsync("#ask");
        await Answer(page, 1);
        await ShotAsync(page, "phone");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        LocatorBoundingBoxResult box = (await page.Locator("#ask").BoundingBoxAsync())!;
        Assert.True(box.Height >= 44 && box.X + box.Width <= 360);
    }

    [Fact]
    public async Task Errors_AreShownAsText()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.ClickAsync("#ask");
        Assert.Equal("Choose an image first.", await page.Locator("#status").TextContentAsync());
        FilePayload cut = new() { Name = "cut.jpg", MimeType = "image/jpeg", Buffer = Service.Dogs[..9000] };
        await page.SetInputFilesAsync("#file", cut);
        await page.FillAsync("#question", "<img src=x onerror=alert(1)>");
        await page.ClickAsync("#ask");
        await page.Locator("#status.bad", new PageLocatorOptions { HasText = "JPEG" }).WaitForAsync();
        await ShotAsync(page, "error");
        Assert.Equal(0, await page.Locator("li").CountAsync());
    }

    [Fact]
    public async Task Key_IsAskedForAndUsed()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = "secret");
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await page.FillAsync("#question", Service.HowMany);
        await page.ClickAsync("#ask");
        await page.Locator("#key").WaitForAsync();
        Assert.Equal("key", await FocusedAsync(page));
        await page.FillAsync("#key", "secret");
        await page.Keyboard.PressAsync("Enter");
        await Answer(page, 1);
        Assert.Equal("2", await page.Locator(".said").TextContentAsync());
    }

    [Fact]
    public async Task Headers_AllowNothingFromOutside()
    {
        await using Service service = await Service.StartAsync(warm: false);
        using HttpResponseMessage response = await service.Http.GetAsync(new Uri("/", UriKind.Relative));
        string policy = string.Join(' ', response.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        string html = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", html, StringComparison.Ordinal);
    }

    private Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions? options = null)
    {
        Chromium.Require(_browser is not null);
        return _browser!.NewContextAsync(options);
    }

    private static async Task<(IPage Page, List<string> Errors, List<string> Outside)> OpenAsync(IBrowserContext context, Service service)
    {
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(15_000);
        string[] own = [service.Address.AbsoluteUri, "blob:", "data:"];
        List<string> errors = [], outside = [];
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                errors.Add(message.Text);
        };
        page.PageError += (_, error) => errors.Add(error);
        page.Request += (_, request) =>
        {
            if (!own.Any(start => request.Url.StartsWith(start, StringComparison.Ordinal)))
                outside.Add(request.Url);
        };
        await page.GotoAsync(service.Address.AbsoluteUri);
        return (page, errors, outside);
    }

    private static Task Answer(IPage page, int count) => page.Locator("li").Nth(count - 1).WaitForAsync();

    private static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>("document.activeElement.id");

    /// <summary>Keeps a screenshot in the folder that BLIP_SCREENSHOTS names, if it names one.</summary>
    private static async Task ShotAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("BLIP_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
    }
}
