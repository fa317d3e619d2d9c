using Blip.AI;
using Blip.AI.Searching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Blip.Search;

/// <summary>Adds the search to services that have Blip.</summary>
public static class BlipSearchServiceCollectionExtensions
{
    /// <summary>
    /// Adds the search of the folders in <c>Blip:SearchFolders</c>. Agents then have the tool <c>search_images</c>, and Blip.Hosting serves
    /// <c>/api/search</c>, where there is a model that matches images and texts (<see cref="BlipFamilyOptions.MatchModel"/>).
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets the folders, after the configuration.</param>
    public static IServiceCollection AddBlipSearch(this IServiceCollection services, Action<BlipSearchOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddBlip();
        services.AddBound<BlipSearchOptions, BlipSearchOptionsValidator>(BlipServiceCollectionExtensions.SectionName)
            .Configure(options => configure?.Invoke(options));
        services.TryAddSingleton<BlipSearchService>();
        services.TryAddSingleton<IImageSearch>(provider => provider.GetRequiredService<BlipSearchService>());
        return services;
    }
}

/// <summary>Checks the folders at the start.</summary>
internal sealed class BlipSearchOptionsValidator : IValidateOptions<BlipSearchOptions>
{
    public ValidateOptionsResult Validate(string? name, BlipSearchOptions options) =>
        options.SearchFolders.FirstOrDefault(folder => !Path.IsPathFullyQualified(folder) || !Directory.Exists(folder)) is { } wrong
            ? ValidateOptionsResult.Fail($"SearchFolders: '{wrong}' is not the full path of an existing folder.")
            : ValidateOptionsResult.Success;
}
