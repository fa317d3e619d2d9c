using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using Blip.AI.Images;
using Blip.Hub;
using Blip.Images;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Blip.AI;

/// <summary>Registers Blip with a container.</summary>
public static class BlipServiceCollectionExtensions
{
    /// <summary>
    /// The configuration section: <c>Blip:Model</c> and the rest of <see cref="BlipOptions"/>, <c>Blip:Sources:AllowedHosts</c>,
    /// <c>Blip:Handles:MaxImages</c>; <c>Blip:Models:NAME:Model</c> for a model with a name.
    /// </summary>
    public const string SectionName = "Blip";

    /// <summary>
    /// Adds the models, the rules for where images may come from, and the tools. Options are bound from the section <c>Blip</c> where the
    /// application has a configuration, and are checked at start. A model is loaded when it is first needed;
    /// <see cref="BlipService.WarmUpAsync"/> loads it in advance. Images are turned as their EXIF orientation says.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets the model's options, after the configuration.</param>
    /// <param name="configureSources">
    /// Sets where images may come from, after the configuration. Default: only the conversation and data URIs.
    /// </param>
    /// <example><code>
    /// HostApplicationBuilder builder = Host.CreateApplicationBuilder();
    /// builder.Services.AddBlip(options =&gt; options.Precision = BlipPrecision.Auto);
    /// using IHost host = builder.Build();
    /// IBlipModel blip = host.Services.GetRequiredService&lt;IBlipModel&gt;();
    /// Console.WriteLine(await blip.AskAsync(BlipImage.FromFile("dogs.jpg"), "is there a cat?"));
    /// </code></example>
    public static IServiceCollection AddBlip(
        this IServiceCollection services, Action<BlipOptions>? configure = null, Action<ImageSourceOptions>? configureSources = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddBound<BlipOptions, BlipOptionsValidator>(SectionName).Configure(o => configure?.Invoke(o));
        // New limits, because binding writes into them and the default ones are shared.
        services.ConfigureFirst<BlipOptions>(o => o.Image = o.Image with { Limits = new ImageLimits() });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BlipOptions>, HubOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BlipOptions>, ParallelValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BlipOptions>, KnownSettings>());
        services.AddBound<ImageSourceOptions, ImageSourceOptionsValidator>(SectionName + ":Sources")
            .Configure(o => configureSources?.Invoke(o));
        services.AddBound<ImageStoreOptions, ImageStoreOptionsValidator>(SectionName + ":Handles");
        services.TryAddSingleton(provider => new BlipService(provider.GetRequiredService<IOptions<BlipOptions>>(), provider));
        services.TryAddSingleton<SharedImages>();
        services.AddBound<BlipFamilyOptions, BlipFamilyOptionsValidator>(SectionName);
        services.TryAddSingleton(provider => new BlipCaptionService(
            provider.GetRequiredService<IOptions<BlipOptions>>(), provider.GetRequiredService<IOptions<BlipFamilyOptions>>(), provider));
        services.TryAddSingleton(provider => new BlipMatchService(
            provider.GetRequiredService<IOptions<BlipOptions>>(), provider.GetRequiredService<IOptions<BlipFamilyOptions>>(), provider));
        services.TryAddSingleton<IBlipCaptioner>(provider => provider.GetRequiredService<BlipCaptionService>());
        services.TryAddSingleton<IBlipMatcher>(provider => provider.GetRequiredService<BlipMatchService>());
        services.TryAddSingleton<IBlipModel>(provider => provider.GetRequiredService<BlipService>());
        services.TryAddSingleton(provider => new ImageSource(provider.GetRequiredService<IOptions<ImageSourceOptions>>().Value));
        services.TryAddSingleton(provider => new ImageStore(provider.GetRequiredService<IOptions<ImageStoreOptions>>().Value));
        services.TryAddScoped(provider => provider.CreateConversation());
        services.TryAddScoped(provider => provider.CreateTools(provider.GetRequiredService<BlipConversation>()));
        return services;
    }

    /// <summary>
    /// Adds a further model beside the one without a name: <see cref="BlipService"/> and <see cref="IBlipModel"/> as keyed services. Its
    /// options are bound from the section <c>Blip:Models:NAME</c>, and are checked at start. Where images may come from is the same for
    /// all models.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="name">
    /// The key: 1 to 32 letters of English, digits, hyphens and underscores. Names that differ only in these two, or in upper and lower
    /// case, have the same tools or settings, so choose one.
    /// </param>
    /// <param name="configure">Sets this model's options, after the configuration.</param>
    /// <exception cref="ArgumentException">The name has other characters, or is too long.</exception>
    public static IServiceCollection AddBlip(this IServiceCollection services, string name, Action<BlipOptions>? configure = null)
    {
        ModelName.Check(name);
        services.AddBlip();
        services.AddBound<BlipOptions, BlipOptionsValidator>(ModelName.Section(name), name).Configure(o => configure?.Invoke(o));
        services.ConfigureFirst<BlipOptions>(o => o.Image = o.Image with { Limits = new ImageLimits() }, name);
        services.TryAddKeyedSingleton(name, (provider, _) => new BlipService(
            Options.Create(provider.GetRequiredService<IOptionsMonitor<BlipOptions>>().Get(name)), provider));
        services.TryAddKeyedSingleton<IBlipModel>(name, (provider, _) => provider.GetRequiredKeyedService<BlipService>(name));
        return services;
    }

    /// <summary>Sets defaults that the configuration can change.</summary>
    internal static void ConfigureFirst<TOptions>(this IServiceCollection services, Action<TOptions> configure, string? name = null)
        where TOptions : class => services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<TOptions>>(
            new ConfigureNamedOptions<TOptions>(name ?? Options.DefaultName, configure)));

    /// <summary>
    /// Binds options, where the application or kernel has a configuration, and checks them at start. Whatever is wrong with a value is an
    /// <see cref="OptionsValidationException"/> that names the setting. The configuration is bound once and first, so that code overrides
    /// it, in whatever order and however often this is called.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "The members of the options are kept by the attributes here.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "The lists hold strings and int, which native code has.")]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(HubOptions))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(ImageOptions))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(ImageLimits))]
    internal static OptionsBuilder<TOptions> AddBound<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] TOptions,
        TValidator>(this IServiceCollection services, string section, string? name = null)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>, new()
    {
        name ??= Options.DefaultName;
        OptionsBuilder<TOptions> builder = services.AddOptions<TOptions>(name);
        // A keyed service has no such property: reading it throws.
        if (services.Any(service => !service.IsKeyedService && service.ImplementationInstance is BoundSection bound
            && bound.Section == section && bound.Options == typeof(TOptions)))
            return builder;
        services.AddSingleton<IValidateOptions<TOptions>>(new SettingsValidator<TOptions, TValidator>(section, name));
        services.AddSingleton(new BoundSection(section, typeof(TOptions)));
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<TOptions>>(provider =>
            new ConfigureNamedOptions<TOptions>(name, options => Bind(options, provider))));
        return builder.ValidateOnStart();

        void Bind(TOptions options, IServiceProvider provider)
        {
            if (provider.GetService<IConfiguration>()?.GetSection(section) is not { } settings)
                return;
            try
            {
                WithLists(settings).Bind(options);
                // The binder leaves out what it cannot read in a list. The ports are the one list of numbers.
                foreach (IConfigurationSection port in settings.GetSection(nameof(ImageSourceOptions.AllowedPorts)).GetChildren())
                {
                    if (!int.TryParse(port.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
                        throw Wrong($"Failed to convert configuration value '{port.Value}' at '{port.Path}'.");
                }
            }
            catch (InvalidOperationException exception) when (exception.InnerException is not null)
            {
                // The binder's sentence names the setting and the value, and ends with the name of a type of .NET.
                throw Wrong(exception.Message.Split(" to type '")[0].TrimEnd('.') + ".");
            }
            catch (TargetInvocationException exception) when (exception.InnerException is ArgumentOutOfRangeException range)
            {
                // An option that checks itself knows its name, but not where it is in the configuration.
                string value = Convert.ToString(range.ActualValue, CultureInfo.InvariantCulture) ?? "";
                string? setting = settings.AsEnumerable()
                    .FirstOrDefault(s => s.Value == value && s.Key.EndsWith($":{range.ParamName}", StringComparison.OrdinalIgnoreCase)).Key;
                throw Wrong($"{setting ?? section}: {range.WithoutParameter()}");
            }
        }

        // An environment variable holds one value: "a;b" is a list as well as 0=a and 1=b.
        IConfiguration WithLists(IConfigurationSection settings)
        {
            Dictionary<string, string?> lists = [];
            foreach (PropertyInfo list in typeof(TOptions).GetProperties().Where(p => p.PropertyType == typeof(IReadOnlyList<string>)))
            {
                const StringSplitOptions Entries = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
                string given = settings[list.Name] ?? "";
                string[] values = given.Split(';', Entries);
                // An expected value is missing: without its keys, for example, a service would be open.
                if (values.Length == 0 && given.Length > 0)
                    throw Wrong($"{ConfigurationPath.Combine(section, list.Name)} has no entry. Write one, or remove it.");
                for (int i = 0; i < values.Length; i++)
                    lists[ConfigurationPath.Combine(list.Name, i.ToString(CultureInfo.InvariantCulture))] = values[i];
            }
            return lists.Count == 0 ? settings : new ConfigurationBuilder().AddConfiguration(settings).AddInMemoryCollection(lists).Build();
        }

        OptionsValidationException Wrong(string failure) => new(name, typeof(TOptions), [failure]);
    }
}
