using Blip.AI;
using Blip.AI.Images;
using Blip.Hosting;
using Blip.Images;
using Blip.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.SemanticKernel;
using Xunit;

namespace Blip.Plugin.Tests;

/// <summary>Registrations add up, in any order and number.</summary>
public sealed class RegistrationTests
{
    private static readonly byte[] Dogs = File.ReadAllBytes(TestPaths.Sample("dogs.jpg"));

    public static TheoryData<string, Action<IServiceCollection>> Orders => new()
    {
        { "model, then service", s => s.AddBlip(FromCode).AddBlipHosting() },
        { "service, then model", s => s.AddBlipHosting().AddBlip(FromCode) },
        { "code, then service", s => s.Configure<BlipOptions>(FromCode).AddBlipHosting() },
        { "service, then code", s => s.AddBlipHosting().Configure<BlipOptions>(FromCode) },
        { "model, MCP, model", s => s.AddBlip(FromCode).AddBlipMcp().AddBlip() },
        { "twice", s => s.AddBlip(FromCode).AddBlip().AddBlipHosting().AddBlipHosting() },
    };

    [Theory]
    [MemberData(nameof(Orders))]
    public async Task Code_WinsOverConfiguration_AndConversationsStayTheirScope(string order, Action<IServiceCollection> add)
    {
        await using ServiceProvider provider = Build(add);
        BlipOptions options = provider.GetRequiredService<IOptions<BlipOptions>>().Value;
        Assert.Equal(("from-code", 3, false), (options.Model, options.Threads, options.Image.Orientation == ImageOrientation.Apply));
        Assert.Equal(7, provider.GetRequiredService<IOptions<ImageStoreOptions>>().Value.MaxImages);
        await using AsyncServiceScope scope = provider.CreateAsyncScope();
        BlipConversation conversation = scope.ServiceProvider.GetRequiredService<BlipConversation>();
        Assert.True(conversation.HasHandles, order);
        Assert.Equal("image-1", conversation.Attach(Dogs));
        await using AsyncServiceScope other = provider.CreateAsyncScope();
        Assert.Empty(other.ServiceProvider.GetRequiredService<BlipConversation>().List());
    }

    [Theory]
    [InlineData("Blip")]
    [InlineData("Blip:Models:large")]
    public async Task Parallel_MoreRunsThanThreads_IsRefusedAtStart(string section)
    {
        Dictionary<string, string?> settings = new() { [$"{section}:Threads"] = "2", [$"{section}:Parallel"] = "3" };
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).AddBlip();
        services.AddBlip("large");
        await using ServiceProvider provider = services.BuildServiceProvider();
        OptionsValidationException error =
            Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        string expected = $"{section}:Parallel is 3, but must be at most 2: each run needs a thread of its own.";
        Assert.Equal(expected, Assert.Single(error.Failures));
    }

    [Fact]
    public void Provider_CanBeDisposedWithoutWaiting()
    {
        using ServiceProvider provider = Build(s => s.AddBlip(o => o.Model = BlipModel.DemoModel));
        Assert.False(provider.GetRequiredService<BlipService>().IsReady);
    }

    [Fact]
    public async Task Kernel_PluginByType_TwoImports_AndAClone_Work()
    {
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.AddBlip();
        builder.Plugins.AddFromType<BlipPlugin>("eyes");
        Kernel kernel = builder.Build();
        Assert.Equal("no", await AskAsync(kernel, "eyes", "data:image/jpeg;base64," + Convert.ToBase64String(Dogs)));
        using BlipConversation first = new(), second = new();
        kernel.ImportPluginFromBlip(first);
        kernel.ImportPluginFromBlip(second);
        Kernel clone = kernel.Clone();
        clone.ImportPluginFromBlip(first, "more");
        second.Attach(Dogs);
        Assert.Equal("no", await AskAsync(kernel, "blip", "image-1"));
        Assert.Equal(["blip", "eyes", "more"], clone.Plugins.Select(plugin => plugin.Name).Order());
        Assert.Equal(2, kernel.Plugins.Count);

        static async Task<string> AskAsync(Kernel kernel, string plugin, string image) => (await kernel.InvokeAsync(
            plugin, BlipTools.AskImageName, new KernelArguments { ["image"] = image, ["question"] = "is there a cat?" })).ToString();
    }

    [Fact]
    public async Task NamedModels_StandBesideEachOther()
    {
        Dictionary<string, string?> settings = new()
        {
            ["Blip:Model"] = "demo", ["Blip:Models:large:Model"] = "from-config", ["Blip:Models:large:Threads"] = "3",
            ["Blip:Models:large:Image:Limits:MaxSide"] = "1000",
        };
        IKernelBuilder builder = Kernel.CreateBuilder();
        builder.Services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        builder.AddBlip("large", o => o.Model = TestPaths.Golden("models", "base")).AddBlip("large").AddBlip();
        builder.Services.AddBlip("night-shift");
        Kernel kernel = builder.Build();
        IServiceProvider services = kernel.Services;
        services.GetRequiredService<IStartupValidator>().Validate();
        BlipOptions large = services.GetRequiredService<IOptionsMonitor<BlipOptions>>().Get("large");
        Assert.Equal((TestPaths.Golden("models", "base"), 3, 1000), (large.Model, large.Threads, large.Image.Limits.MaxSide));
        BlipOptions without = services.GetRequiredService<IOptions<BlipOptions>>().Value;
        Assert.Equal(("demo", 0, ImageLimits.Default.MaxSide), (without.Model, without.Threads, without.Image.Limits.MaxSide));

        IBlipModel keyed = services.GetRequiredKeyedService<IBlipModel>("large");
        Assert.Same(services.GetRequiredKeyedService<BlipService>("large"), keyed);
        BlipImage image = BlipImage.FromBytes(Dogs);
        Assert.Equal("base", (await keyed.AskAsync(image, "what is it?")).Model.Name);
        Assert.Equal("demo", (await services.GetRequiredService<IBlipModel>().AskAsync(image, "what is it?")).Model.Name);
        Assert.Equal(
            "demo", (await services.GetRequiredKeyedService<IBlipModel>("night-shift").AskAsync(image, "what is it?")).Model.Name);

        using BlipConversation conversation = new();
        conversation.Attach(Dogs);
        kernel.ImportPluginFromBlip(conversation);
        kernel.ImportPluginFromBlip(conversation, model: "large");
        kernel.ImportPluginFromBlip(conversation, model: "night-shift");
        Assert.Equal(["blip", "blip_large", "blip_night_shift"], kernel.Plugins.Select(plugin => plugin.Name).Order());
        KernelArguments arguments = new() { ["image"] = "image-1", ["question"] = "how many dogs are in the picture?" };
        Assert.Equal("2", (await kernel.InvokeAsync("blip", BlipTools.AskImageName, arguments)).ToString());
        Assert.NotEqual("2", (await kernel.InvokeAsync("blip_large", BlipTools.AskImageName, arguments)).ToString());
        string[] names = [.. services.CreateBlipFunctions(conversation, "night-shift").Select(function => function.Name)];
        string[] expected = ["ask_image", "ask_image_many", "ask_images", "choose_answer", "score_image", "list_images"];
        Assert.Equal(expected.Select(name => "night_shift_" + name), names);
        await ((ServiceProvider)services).DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => keyed.AskAsync(image, "what is it?"));
    }

    [Theory]
    [InlineData("Blip:Models:large:Threads", "-1", "Blip:Models:large:Threads must be between")]
    [InlineData("Blip:Models:large:Threads", "many", "'many' at 'Blip:Models:large:Threads'")]
    [InlineData("Blip:Models:large:Parallel", "0", "Blip:Models:large:Parallel must be between")]
    [InlineData("Blip:Models:large:Modle", "x", "Blip:Models:large:Modle is not a setting")]
    [InlineData("Blip:Models:small:Model", "x", "Blip:Models:small:Model is not a setting")]
    [InlineData("Blip:Models:large:Sources:AllowedHosts", "x", "is not a setting")]
    public async Task NamedModels_WrongSetting_IsNamedAtStart(string key, string value, string said)
    {
        Dictionary<string, string?> settings = new() { [key] = value };
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()).AddBlip("large");
        await using ServiceProvider provider = services.BuildServiceProvider();
        OptionsValidationException error =
            Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(said, Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NamedModels_UnfitOrUnknownName_SaysSo()
    {
        ServiceCollection services = new();
        Assert.Throws<ArgumentException>(() => services.AddBlip("a:b"));
        Assert.Throws<ArgumentException>(() => services.AddBlip(""));
        await using ServiceProvider provider = services.AddBlip("large").BuildServiceProvider();
        using BlipConversation conversation = new();
        InvalidOperationException error =
            Assert.Throws<InvalidOperationException>(() => provider.CreateBlipFunctions(conversation, "small"));
        Assert.Contains("AddBlip(\"small\"", error.Message, StringComparison.Ordinal);
    }

    private static void FromCode(BlipOptions options)
    {
        options.Model = "from-code";
        options.Image = options.Image with { Orientation = ImageOrientation.Ignore };
    }

    private static ServiceProvider Build(Action<IServiceCollection> add)
    {
        Dictionary<string, string?> settings = new()
        {
            ["Blip:Model"] = "from-config", ["Blip:Threads"] = "3", ["Blip:Handles:MaxImages"] = "7",
        };
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddLogging();
        add(services);
        return services.BuildServiceProvider();
    }
}
