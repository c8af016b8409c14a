using System.Net;

namespace Slice.Benchmarks.Load;

/// <summary>What one run of the load tool does.</summary>
internal sealed record LoadOptions
{
    /// <summary>Whether ranges are asked; else the whole object.</summary>
    public required bool AsksRanges { get; init; }

    /// <summary>The object. An address or <c>localhost</c>.</summary>
    public required Uri Target { get; init; }

    /// <summary>Connections, each with a thread that has one request in flight. Default 4.</summary>
    public required int Clients { get; init; }

    /// <summary>Requests per client; 0 to go by time.</summary>
    public required long Rounds { get; init; }

    /// <summary>
    /// After so many seconds no client starts a further request, but for one that waits for its turn already. Default 5.
    /// </summary>
    public required long Seconds { get; init; }

    /// <summary>Bytes per range.</summary>
    public required int RangeBytes { get; init; }

    /// <summary>Length of the object; ranges are chosen below it.</summary>
    public required long ObjectBytes { get; init; }

    /// <summary>Whether ranges start at multiples of their size.</summary>
    public required bool IsAligned { get; init; }

    /// <summary>Seed of the choice of ranges: the same seed asks the same ranges in each client.</summary>
    public required int Seed { get; init; }

    /// <summary>Whether each client asks for an object of its own: the target with the client's number after it.</summary>
    public required bool HasOwnObjects { get; init; }

    /// <summary>How many objects there are, each the target with its number after it; 0: the target alone.</summary>
    public required long Objects { get; init; }

    /// <summary>Whether the clients ask for each of them once, one after the other; else at random.</summary>
    public required bool IsInOrder { get; init; }

    /// <summary>The certificate that an https server must show; null without TLS.</summary>
    public required string? CertificatePath { get; init; }

    /// <summary>Requests that a client starts per second at most; 0: the next as soon as the last is answered.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>Bytes that a client takes per second at most; 0: as they come.</summary>
    public required long BytesPerSecond { get; init; }

    /// <summary>A local file to compare every byte with; null discards the bytes unread.</summary>
    public required string? VerifyPath { get; init; }

    /// <summary>Processes whose CPU time and memory are reported, with their descendants.</summary>
    public required IReadOnlyList<int> ProcessIds { get; init; }

    /// <summary>Wait between the last byte and the last look at the CPU time, for a server that goes on storing.</summary>
    public required int SettleMs { get; init; }

    /// <summary>Name of the work in reports.</summary>
    public required string Work { get; init; }

    /// <summary>Name of the server in reports.</summary>
    public required string Side { get; init; }

    /// <summary>A file that gets the result appended as one line of JSON; null writes JSON to standard output.</summary>
    public required string? ResultsPath { get; init; }

    /// <summary>The server's address.</summary>
    public IPEndPoint EndPoint => new(Target.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(Target.Host), Target.Port);

    /// <summary>Throws <see cref="ArgumentException"/> naming what is wrong.</summary>
    public static LoadOptions Parse(string[] args)
    {
        string mode = args.Length > 0 ? args[0] : "";
        if (mode is not ("full" or "range"))
        {
            throw new ArgumentException("load: the first argument is 'full' or 'range'");
        }

        var arguments = new Arguments(args.AsSpan(1), "--aligned", "--own-objects", "--in-order");
        var target = new Uri(arguments.Required("--target"));
        int clients = (int)arguments.Number("--clients", 4);
        long objects = arguments.Number("--objects", 0);
        bool isInOrder = arguments.Has("--in-order");
        var options = new LoadOptions
        {
            AsksRanges = mode == "range",
            Target = target,
            Clients = clients,
            Rounds = isInOrder ? objects / clients : arguments.Number("--rounds", 0),
            Seconds = arguments.Number("--seconds", 5),
            RangeBytes = (int)arguments.Number("--size", 1 << 20),
            ObjectBytes = arguments.Number("--object-bytes", 0),
            IsAligned = arguments.Has("--aligned"),
            Seed = (int)arguments.Number("--seed", 1),
            Objects = objects,
            IsInOrder = isInOrder,
            CertificatePath = target.Scheme == Uri.UriSchemeHttps ? arguments.Required("--certificate") : null,
            HasOwnObjects = arguments.Has("--own-objects"),
            RequestsPerSecond = arguments.Real("--requests-per-second", 0),
            BytesPerSecond = arguments.Number("--bytes-per-second", 0),
            VerifyPath = arguments.Text("--verify"),
            ProcessIds = [.. arguments.All("--pid").Select(int.Parse)],
            SettleMs = (int)arguments.Number("--settle-ms", 0),
            Work = arguments.Text("--work") ?? mode,
            Side = arguments.Text("--side") ?? "server",
            ResultsPath = arguments.Text("--results"),
        };
        arguments.RefuseUnknown();
        return options.AsksRanges && options.ObjectBytes < options.RangeBytes
            ? throw new ArgumentException("load range: --object-bytes must be given and not be less than --size")
            : options;
    }
}
