using Blip.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Blip.Magick.Tests;

internal static class Services
{
    public static IServiceCollection AddBlipAndMagick(this IServiceCollection services)
    {
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddBlip();
        return services.AddMagick();
    }
}
