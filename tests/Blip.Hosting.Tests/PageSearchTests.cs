using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.Search;
using Blip.Tests;
using Microsoft.Playwright;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>What the web page does beside single questions: it finds images, asks about several as one, and scores a text.</summary>
[Trait("Category", "Long")]
[Collection("Chromium")]
public sealed class PageSearchTests : ChromiumTests
{
    [Theory]
    [InlineData("search", false, ColorScheme.Light)]
    [InlineData("search-dark", false, ColorScheme.Dark)]
    [InlineData("search-phone", true, ColorScheme.Light)]
    public async Task Search_WithAKey_ShowsWhatIsFound_WhichCanBeAskedAbout(string shot, bool isPhone, ColorScheme scheme)
    {
        using TempFolder folder = new();
        foreach (string name in (string[])["dogs.jpg", "street.jpg", "room.jpg"])
            File.Copy(TestPaths.Sample(name), Path.Combine(folder.Path, name));
        await using Service service = await Service.StartAsync(
            options => options.ApiKey = "secret",
            services: services => services.AddBlipSearch(options => options.SearchFolders = [folder.Path]));
        await using IBrowserContext context = await NewContextAsync(new BrowserNewContextOptions
        {
            ColorScheme = scheme,
            ViewportSize = isPhone ? new ViewportSize { Width = 360, Height = 740 } : null,
            IsMobile = isPhone, HasTouch = isPhone,
        });
        (IPage page, List<string> errors, List<string> outside) = await OpenAsync(context, service);
        await page.FillAsync("#key", "secret");
        await page.Keyboard.PressAsync("Enter");
        await page.ClickAsync("#find");
        await page.FillAsync("#sheet input", "two dogs");
        await page.Keyboard.PressAsync("Enter");
        ILocator hits = page.Locator(".hits button");
        await hits.Nth(2).WaitForAsync();
        Assert.Equal("dogs.jpg", (await hits.Nth(0).TextContentAsync())!.Trim());
        // With the key, and within the page's policy.
        Assert.True(await page.EvaluateAsync<bool>("[...document.querySelectorAll('.hits img')].every(img => img.naturalWidth > 0)"));
        await ShotAsync(page, shot);
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await CheckAccessibilityAsync(page);
        await hits.Nth(0).ClickAsync();
        await AskAsync(page, Service.HowMany, "2");
        // The first answer without a key.
        Assert.All(errors, error => Assert.Contains("401", error, StringComparison.Ordinal));
        Assert.Empty(outside);
    }

    [Fact]
    public async Task Frames_OfAFileAndOfSeveralImages_AreAskedAboutAsOne()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, List<string> errors, _) = await OpenAsync(context, service);
        List<JsonElement> asked = [];
        page.Request += (_, request) =>
        {
            if (request.Url.EndsWith("/api/ask", StringComparison.Ordinal))
                asked.Add(JsonElement.Parse(request.PostData!));
        };
        const string Switch = ".pane:not([hidden]) .frames input";
        await page.SetInputFilesAsync("#file", TestPaths.Golden("images", "files", "animated.webp"));
        await page.Locator(".frames", new PageLocatorOptions { HasTextRegex = new Regex("all \\d+ frames") }).WaitForAsync();
        await page.CheckAsync(Switch);
        await page.FillAsync(Field, "what is there?");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".said").WaitForAsync();
        Assert.Equal("all frames", await page.Locator(".asked small").TextContentAsync());
        Assert.Equal((true, JsonValueKind.String), (asked[0].GetProperty("frames").GetBoolean(), asked[0].GetProperty("image").ValueKind));
        await page.ClickAsync(".pane [data-do=remove]");

        await page.SetInputFilesAsync("#file", [TestPaths.Sample("dogs.jpg"), TestPaths.Sample("street.jpg")]);
        await page.Locator(".pane:not([hidden]) .frames", new PageLocatorOptions { HasText = "all 2 images as one" }).WaitForAsync();
        await AskAsync(page, "what color is the bus?", "yellow");
        Assert.False(asked[^1].TryGetProperty("frames", out _));
        await page.CheckAsync(Switch);
        await page.FillAsync(Field, Service.HowMany);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".pane:not([hidden]) .said").Nth(1).WaitForAsync();
        Assert.Equal((true, 2), (asked[^1].GetProperty("frames").GetBoolean(), asked[^1].GetProperty("image").GetArrayLength()));
        JsonElement expected = await service.PostAsync("/api/ask", Service.Json(asked[^1].GetRawText()));
        Assert.Equal(expected.GetProperty("answer").GetString(), await page.Locator(".pane:not([hidden]) .said").First.TextContentAsync());
        await ShotAsync(page, "frames");
        await CheckAccessibilityAsync(page);
        Assert.Empty(errors);
    }

    [Theory]
    [InlineData("score", ColorScheme.Light)]
    [InlineData("score-dark", ColorScheme.Dark)]
    public async Task Score_OfAText_ShowsItsPhrases(string shot, ColorScheme scheme)
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync(new BrowserNewContextOptions { ColorScheme = scheme });
        (IPage page, List<string> errors, _) = await OpenAsync(context, service);
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await page.ClickAsync(".pane [data-do=score]");
        await page.FillAsync("#sheet input", "two dogs near a tree");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#sheet .ranks li").Nth(1).WaitForAsync();
        Assert.Equal(
            ["two dogs", "a tree"], await page.Locator("#sheet .ranks li > span:first-child").AllTextContentsAsync());
        JsonElement score = await service.PostAsync("/api/score?prompt=two+dogs+near+a+tree", Service.Image(Service.Dogs));
        string percent = Math.Round(score.GetProperty("score").GetDouble() * 100).ToString(CultureInfo.InvariantCulture) + " %";
        Assert.Equal(percent, await page.Locator("#sheet .said").TextContentAsync());
        await ShotAsync(page, shot);
        await CheckAccessibilityAsync(page);
        Assert.Empty(errors);
    }
}
