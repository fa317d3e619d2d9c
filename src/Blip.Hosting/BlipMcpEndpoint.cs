using Blip.Plugin;
using Blip.Plugin.Images;
using Blip.Plugin.Mcp;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Blip.Hosting;

/// <summary>The picture tools over MCP's Streamable HTTP, without state: handles are content hashes, and no conversation is kept.</summary>
public static class BlipMcpEndpoint
{
    /// <summary>Adds the MCP server; the services have Blip (<see cref="BlipServiceCollectionExtensions.AddBlip"/>).</summary>
    public static IServiceCollection AddBlipMcp(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.Replace(ServiceDescriptor.Scoped(provider => BlipConversation.Stateless(provider.GetRequiredService<ImageStore>())));
        services.AddMcpServer().WithHttpTransport(options => options.Stateless = true).WithBlipTools();
        return services;
    }

    /// <summary>Maps the endpoint.</summary>
    /// <param name="endpoints">Where to.</param>
    /// <param name="pattern">The path; <c>/mcp</c> by default.</param>
    /// <param name="allowedHosts">
    /// Host names under which the service is meant to be reached, beside this machine's own. A request with another <c>Host</c>, or from a page with another
    /// <c>Origin</c>, gets 403: a web page must not reach a local service through the user's browser, by DNS rebinding either.
    /// </param>
    public static IEndpointConventionBuilder MapBlipMcp(this IEndpointRouteBuilder endpoints, string pattern = "/mcp", params string[] allowedHosts)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        HostGuard guard = new(allowedHosts);
        IEndpointConventionBuilder builder = endpoints.MapMcp(pattern);
        builder.Add(endpoint =>
        {
            if (endpoint.RequestDelegate is not { } next)
                return;
            endpoint.RequestDelegate = context =>
            {
                if (guard.Allows(context.Request))
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return Task.CompletedTask;
            };
        });
        return builder;
    }
}
