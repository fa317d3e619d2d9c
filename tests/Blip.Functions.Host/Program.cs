using Blip.Functions.Host;

// Arguments: APP [IMAGES LISTENER-CONNECTION HOST-ID NAME=VALUE...]
// Runs the app with its blob listener until it is killed. When it runs, it writes one line with its address and the worker's process id.
// With APP alone there is no listener, and the settings come from the environment.
Dictionary<string, string> settings = args.Skip(4).Select(setting => setting.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
await using FunctionsHost host = await FunctionsHost.StartAsync(args[0], settings);
using IHost? listener = args.Length > 1 ? BlobListener.Create(
    host, args[2], args[1], args[3], backlog: settings.GetValueOrDefault("BlipBacklog")) : null;
if (listener is not null)
    await listener.StartAsync();
Console.WriteLine($"running {host.Address} {host.Process.Id}");
await host.Process.WaitForExitAsync();
