using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Blip.Tests;
using Microsoft.Playwright;
using Xunit;

namespace Blip.Hosting.Tests;

/// <summary>The web page in a real Chromium: with the mouse, with the keyboard, on a phone, with a key, and with errors.</summary>
[Trait("Category", "Long")]
[Collection("Chromium")]
public sealed class PageTests : ChromiumTests
{
    [Fact]
    public async Task Mouse_ImageAndQuestions_AreAnswered()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, List<string> errors, List<string> outside) = await OpenAsync(context, service);
        await ShotAsync(page, "first");
        await CheckAccessibilityAsync(page);
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await AskAsync(page, Service.HowMany, "2");
        await AskAsync(page, "what color is the tree?", "green");
        // The newest comes first.
        Assert.Equal(["green", "2"], await page.Locator(".said").AllTextContentsAsync());
        JsonElement answer = await service.PostAsync("/api/ask", Service.Form(Service.Dogs, Service.HowMany));
        string percent = Math.Round(answer.GetProperty("confidence").GetDouble() * 100).ToString(CultureInfo.InvariantCulture) + " %";
        Assert.Equal(percent, await page.Locator("li.in").Nth(1).Locator(".number").TextContentAsync());
        await page.ClickAsync(".pane button:has-text('Use in code')");
        Assert.Contains("--form-string 'question=what color is the tree?'", await page.Locator("pre").TextContentAsync());
        await page.ClickAsync("#sheet button[aria-label=Close]");
        await ShotAsync(page, "answers");
        await CheckAccessibilityAsync(page);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await ShotAsync(page, "answers-dark");
        await CheckAccessibilityAsync(page);
        Assert.Empty(errors);
        Assert.Empty(outside);
    }

    [Fact]
    public async Task Sample_ItsQuestion_IsAnsweredByOneClick()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync(new BrowserNewContextOptions { ColorScheme = ColorScheme.Dark });
        (IPage page, List<string> errors, _) = await OpenAsync(context, service);
        Assert.True(await page.Locator("#demo").IsVisibleAsync());
        await page.ClickAsync("#samples button:has-text('what color is the bus?')");
        await page.Locator(".said", new PageLocatorOptions { HasText = "yellow" }).WaitForAsync();
        await page.ClickAsync(".chips button:has-text('Ask all')");
        await page.Locator(".said").Nth(3).WaitForAsync();
        Assert.Equal(["street", "blue", "3", "yellow"], await page.Locator(".said").AllTextContentsAsync());
        await ShotAsync(page, "sample-dark");
        await CheckAccessibilityAsync(page);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
        await ShotAsync(page, "sample");
        await CheckAccessibilityAsync(page);
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Race_OtherImageChosenWhileTheFirstIsSent_EachAnswerStandsBesideItsImage()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        int images = 0;
        await page.RouteAsync("**/api/images", async route =>
        {
            // The first image takes the longest.
            if (Interlocked.Increment(ref images) == 1)
                await Task.Delay(1500, TestContext.Current.CancellationToken);
            await route.ContinueAsync();
        });
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await page.FillAsync(Field, Service.HowMany);
        await page.Keyboard.PressAsync("Enter");
        await page.SetInputFilesAsync("#file", TestPaths.Sample("room.jpg"));
        await AskAsync(page, Service.HowMany, "0");
        await page.ClickAsync("#strip .thumb >> nth=0");
        await page.Locator(".pane:not([hidden]) .said").WaitForAsync();
        Assert.Equal("dogs.jpg", await page.Locator(".pane:not([hidden]) h2").TextContentAsync());
        Assert.Equal(["2"], await page.Locator(".pane:not([hidden]) .said").AllTextContentsAsync());
        await page.ClickAsync("#strip .thumb >> nth=1");
        Assert.Equal("room.jpg", await page.Locator(".pane:not([hidden]) h2").TextContentAsync());
        Assert.Equal(["0"], await page.Locator(".pane:not([hidden]) .said").AllTextContentsAsync());
        await ShotAsync(page, "several");
        await CheckAccessibilityAsync(page);
    }

    /// <summary>A link of 50 kB/s with a delay of 300 ms: images are still on their way while questions are asked about others.</summary>
    [Fact]
    public async Task SlowNetwork_QuestionsAboutTwoImagesInTurn_StandBesideTheirImages()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, List<string> errors, _) = await OpenAsync(context, service);
        ICDPSession network = await context.NewCDPSessionAsync(page);
        await network.SendAsync("Network.enable");
        await network.SendAsync("Network.emulateNetworkConditions", new Dictionary<string, object>
        {
            ["offline"] = false,
            ["latency"] = 300,
            ["downloadThroughput"] = 50_000,
            ["uploadThroughput"] = 50_000,
        });
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await SendAsync(Service.HowMany);
        await page.SetInputFilesAsync("#file", TestPaths.Sample("room.jpg"));
        await SendAsync("is there a dog?");
        await page.ClickAsync("#strip .thumb >> nth=0");
        await SendAsync("what color is the tree?");
        await page.ClickAsync("#strip .thumb >> nth=1");
        await SendAsync(Service.HowMany);
        await AssertThreadAsync(1, "room.jpg", ["is there a dog?", Service.HowMany], ["no", "0"]);
        await AssertThreadAsync(0, "dogs.jpg", [Service.HowMany, "what color is the tree?"], ["2", "green"]);
        Assert.Empty(errors);

        async Task SendAsync(string question)
        {
            await page.FillAsync(Field, question);
            await page.Keyboard.PressAsync("Enter");
        }

        async Task AssertThreadAsync(int image, string name, string[] asked, string[] said)
        {
            await page.ClickAsync($"#strip .thumb >> nth={image}");
            await page.Locator(".pane:not([hidden]) .said").Nth(said.Length - 1).WaitForAsync();
            Assert.Equal(name, await page.Locator(".pane:not([hidden]) h2").TextContentAsync());
            Assert.Equal(asked.Order(), (await page.Locator(".pane:not([hidden]) .asked").AllTextContentsAsync()).Order());
            Assert.Equal(said.Order(), (await page.Locator(".pane:not([hidden]) .said").AllTextContentsAsync()).Order());
        }
    }

    [Fact]
    public async Task Paste_ImageFromTheClipboard_IsOpened()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, List<string> errors, _) = await OpenAsync(context, service);
        await page.EvaluateAsync(
            """
            base64 => {
                const data = new DataTransfer();
                data.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], "image.png", { type: "image/png" }));
                dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
            }
            """, Convert.ToBase64String(Service.Dogs));
        await AskAsync(page, Service.HowMany, "2");
        Assert.Equal("image.png", await page.Locator(".pane:not([hidden]) h2").TextContentAsync());
        Assert.Empty(errors);
    }

    [Fact]
    public async Task Keyboard_Alone_Suffices()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.Locator("#model").WaitForAsync();
        await page.BringToFrontAsync();
        TaskCompletionSource<IFileChooser> chooser = new();
        page.FileChooser += (_, opened) => chooser.TrySetResult(opened);
        // Keys overtake the order to hand over file choosers, which the page's own thread takes when it has time: wait for it.
        await page.EvaluateAsync("0");
        await page.Keyboard.PressAsync("o");
        IFileChooser files = await chooser.Task.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        await files.SetFilesAsync(TestPaths.Sample("dogs.jpg"));
        await page.Locator(Field).WaitForAsync();
        Assert.Equal("TEXTAREA", await page.EvaluateAsync<string>("document.activeElement.tagName"));
        await page.Keyboard.TypeAsync(Service.HowMany);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".said", new PageLocatorOptions { HasText = "2" }).WaitForAsync();
        // The last question comes back, and can be changed.
        await page.Keyboard.PressAsync("ArrowUp");
        Assert.Equal(Service.HowMany, await page.InputValueAsync(Field));
        await page.FillAsync(Field, "");
        await page.EvaluateAsync("document.activeElement.blur()");
        await page.Keyboard.PressAsync("?");
        Assert.Equal("Keyboard", await page.Locator("#sheet-title").TextContentAsync());
        await CheckAccessibilityAsync(page);
        await page.Keyboard.PressAsync("Escape");
        // Until the sheet is gone, nothing behind it takes the focus.
        await page.Locator("#sheet").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
        await page.Locator(".thumb").FocusAsync();
        await page.Keyboard.PressAsync("Delete");
        await page.Locator("#notice button:has-text('Undo')").ClickAsync();
        Assert.Equal(["2"], await page.Locator(".said").AllTextContentsAsync());
    }

    [Fact]
    public async Task Drop_FileWithoutAType_IsTaken_ALinkIsTold()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        const string Drop =
            """
            ([base64, link]) => {
              const data = new DataTransfer();
              if (link)
                data.setData("text/uri-list", link);
              else
                data.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], "dogs"));
              document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
            }
            """;
        await page.EvaluateAsync(Drop, (object[])["", "https://images.example/dogs.jpg"]);
        Assert.Contains("link", await page.Locator("#notice p").TextContentAsync(), StringComparison.Ordinal);
        await page.EvaluateAsync(Drop, (object[])[Convert.ToBase64String(Service.Dogs), ""]);
        await AskAsync(page, Service.HowMany, "2");
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
        await page.FillAsync(Field, "how many cups are there?");
        ILocator ask = page.Locator(".pane:not([hidden]) .ask .main");
        LocatorBoundingBoxResult box = (await ask.BoundingBoxAsync())!;
        Assert.True(box.Height >= 44 && box.X + box.Width <= 360);
        await ask.TapAsync();
        await page.Locator(".said").WaitForAsync();
        await ShotAsync(page, "phone");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await CheckAccessibilityAsync(page);
    }

    [Fact]
    public async Task Errors_AreToldInPlainWords_AndNoQuestionIsLost()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        FilePayload text = new() { Name = "minutes.pdf", MimeType = "application/pdf", Buffer = "%PDF-"u8.ToArray() };
        await page.SetInputFilesAsync("#file", text);
        Assert.Contains("not an image", await page.Locator("#notice p").TextContentAsync(), StringComparison.Ordinal);

        FilePayload cut = new() { Name = "cut.jpg", MimeType = "image/jpeg", Buffer = Service.Dogs[..20000] };
        await page.SetInputFilesAsync("#file", cut);
        await page.Locator(".state.bad", new PageLocatorOptions { HasText = "damaged" }).WaitForAsync();

        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        string busy = "{\"code\":\"busy\",\"detail\":\"The queue is full.\"}", wrong = "<img src=x onerror=alert(1)>";
        int tries = 0;
        await page.RouteAsync("**/api/ask", route => Interlocked.Increment(ref tries) switch
        {
            1 => route.FulfillAsync(Problem(429, busy, ("Retry-After", "1"))),
            2 => route.FulfillAsync(Problem(404, "{\"code\":\"image_not_found\",\"detail\":\"Gone.\"}")),
            _ => route.ContinueAsync(),
        });
        await page.FillAsync(Field, wrong);
        await page.Keyboard.PressAsync("Enter");
        await page.Locator(".fail", new PageLocatorOptions { HasText = "Trying again" }).WaitForAsync();
        await ShotAsync(page, "busy");
        await CheckAccessibilityAsync(page);
        // Asked again by itself; the image that the server forgot is sent again.
        await page.Locator(".said").WaitForAsync();
        Assert.Equal(wrong, await page.Locator(".asked").TextContentAsync());
    }

    [Fact]
    public async Task AskAll_OneQuestionFails_ItKeepsItsPlaceAndCanBeAskedAgain()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        int tries = 0;
        await page.RouteAsync("**/api/ask", async route =>
        {
            if (Interlocked.Increment(ref tries) > 1)
            {
                await route.ContinueAsync();
                return;
            }
            IAPIResponse real = await route.FetchAsync();
            using JsonDocument document = JsonDocument.Parse(await real.TextAsync());
            object[] answers = [.. document.RootElement.GetProperty("answers").EnumerateArray().Select(answer => (object)answer)];
            answers[1] = new { question = "-", error = new { code = "question_too_long", message = "The question is too long." } };
            await route.FulfillAsync(new RouteFulfillOptions { Response = real, Body = JsonSerializer.Serialize(new { answers }) });
        });
        await page.ClickAsync("#samples .open >> nth=0");
        await page.ClickAsync(".chips button:has-text('Ask all')");
        await page.Locator(".fail").WaitForAsync();
        Assert.Contains("too long", await page.Locator(".fail p").TextContentAsync(), StringComparison.Ordinal);
        await page.ClickAsync(".fail button:has-text('Try again')");
        await page.Locator(".said").Nth(3).WaitForAsync();
        Assert.Equal(["sunny", "no", "green", "2"], await page.Locator(".said").AllTextContentsAsync());
    }

    [Fact]
    public async Task Key_IsAskedForOnce_AndTheLinksWork()
    {
        await using Service service = await Service.StartAsync(options => options.ApiKey = "secret");
        await using IBrowserContext context = await NewContextAsync();
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.Locator("#key").WaitForAsync();
        Assert.Equal("key", await FocusedAsync(page));
        await page.FillAsync("#key", "wrong");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#access label", new PageLocatorOptions { HasText = "not accepted" }).WaitForAsync();
        await ShotAsync(page, "key");
        await page.FillAsync("#key", "secret");
        await page.Keyboard.PressAsync("Enter");
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await AskAsync(page, Service.HowMany, "2");
        await page.ReloadAsync();
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await AskAsync(page, Service.HowMany, "2");
        Assert.True(await page.Locator("#access").IsHiddenAsync());
        await page.ClickAsync("header a:has-text('API')");
        Assert.Contains("\"openapi\"", await page.Locator("body").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_OfAzureFunctions_IsSentUnderItsName()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync();
        // The platform answers for the app, without a body.
        await context.RouteAsync(new Regex("/(v1|api)/"), route => route.Request.Headers.GetValueOrDefault("x-functions-key") == "secret"
            ? route.ContinueAsync()
            : route.FulfillAsync(new RouteFulfillOptions { Status = 401 }));
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.FillAsync("#key", "secret");
        await page.Keyboard.PressAsync("Enter");
        await page.SetInputFilesAsync("#file", TestPaths.Sample("dogs.jpg"));
        await AskAsync(page, Service.HowMany, "2");
    }

    [Fact]
    public async Task ForcedColours_NothingIsLost()
    {
        await using Service service = await Service.StartAsync();
        await using IBrowserContext context = await NewContextAsync(new BrowserNewContextOptions { ForcedColors = ForcedColors.Active });
        (IPage page, _, _) = await OpenAsync(context, service);
        await page.ClickAsync("#samples button:has-text('is there a cat?')");
        await page.Locator(".said", new PageLocatorOptions { HasText = "no" }).WaitForAsync();
        await ShotAsync(page, "forced-colours");
        await CheckAccessibilityAsync(page);
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

    private static RouteFulfillOptions Problem(int status, string json, params (string Name, string Value)[] headers) => new()
    {
        Status = status,
        ContentType = "application/problem+json",
        Body = json,
        Headers = headers.ToDictionary(header => header.Name, header => header.Value),
    };

    private static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>("document.activeElement.id");
}
