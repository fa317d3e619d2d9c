using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>Tests of the web page in a real Chromium, one browser at a time.</summary>
public abstract class ChromiumTests : IAsyncLifetime
{
    private protected const string Field = ".pane:not([hidden]) textarea";

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
        GC.SuppressFinalize(this);
    }

    private protected Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions? options = null)
    {
        Chromium.Require(_browser is not null);
        return _browser!.NewContextAsync(options);
    }

    private protected static async Task<(IPage Page, List<string> Errors, List<string> Outside)> OpenAsync(
        IBrowserContext context, Service service)
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

    private protected static async Task AskAsync(IPage page, string question, string answer)
    {
        await page.FillAsync(Field, question);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".pane:not([hidden]) li.in", new PageLocatorOptions { HasText = question })
            .Locator(".said", new LocatorLocatorOptions { HasText = answer }).WaitForAsync();
    }

    /// <summary>No rule of axe-core is broken in the state that the page shows.</summary>
    private protected static async Task CheckAccessibilityAsync(IPage page)
    {
        // What comes in fades in: half-way its contrast is too small.
        await page.EvaluateAsync(
            "Promise.all(document.getAnimations().filter(one => one.effect.getTiming().iterations === 1).map(one => one.finished))");
        AxeResult result = await page.RunAxe();
        Assert.Empty(result.Violations.Select(rule => $"{rule.Id}: {string.Join(", ", rule.Nodes.Select(node => node.Html))}"));
    }

    /// <summary>Keeps a screenshot in the folder that BLIP_SCREENSHOTS names, if it names one.</summary>
    private protected static async Task ShotAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("BLIP_SCREENSHOTS") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
    }
}
