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
