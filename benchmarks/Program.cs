using BenchmarkDotNet.Running;
using Slice.Benchmarks.Load;
using Slice.Benchmarks.Report;
using Slice.Benchmarks.Send;
using Slice.Benchmarks.Serve;
using Slice.Benchmarks.Simulate;
using Slice.Benchmarks.Simulate.Fleet;
using Slice.Benchmarks.Startup;

const string Usage = """
    Slice.Benchmarks micro [BenchmarkDotNet's arguments]
    Slice.Benchmarks load full|range --target http://127.0.0.1:PORT/PATH [options]     (options: benchmarks/README.md)
    Slice.Benchmarks hold --target URL [--clients N] [--bytes-per-second N] [--seconds N] [--range FIRST-LAST]
    Slice.Benchmarks check --target URL [--first N] [--objects N] [--bytes N] [--clients N] [--ranges N] [--tolerate-cuts]
    Slice.Benchmarks mixed --target URL [--first N] [--objects N] [--smallest N] [--largest N] [--rounds N] [--clients N] [--resume]
    Slice.Benchmarks coherence --origin URL --target URL --target URL … [--rounds N] [--bytes N]
    Slice.Benchmarks random --target URL [--clients N] [--seconds N] [--seed N]
    Slice.Benchmarks origin --listen PORT [--bytes-per-second N]                        until SIGTERM
    Slice.Benchmarks relay --listen PORT --server PORT --round-trip-ms N                until SIGTERM
    Slice.Benchmarks send --listen ADDRESS:PORT --file PATH --method mapping|sendfile|zerocopy [--connections N] [--bytes N] [--piece N]
    Slice.Benchmarks drain --target ADDRESS:PORT [--connections N] [--bytes N]
    Slice.Benchmarks content --file PATH --bytes N [--seed N]
    Slice.Benchmarks ports --count N
    Slice.Benchmarks index-fill --directory DIR [--objects N] [--slices N] [--bytes N]
    Slice.Benchmarks index-open --directory DIR
    Slice.Benchmarks simulate [--slices N] [--requests N] [--seed N]
    Slice.Benchmarks fleet [--instances N] [--exponent X] [--local SHARE] [--tier SHARE …] [--json FILE] [options]
    Slice.Benchmarks note --results FILE.jsonl --work NAME --side NAME [--bytes N] [--failure REASON]
    Slice.Benchmarks compare --results FILE.jsonl --comparisons FILE --facts FILE --ours SIDE --base SIDE --output PATH
    Slice.Benchmarks growth --points FILE --facts FILE --output PATH
    Slice.Benchmarks report --results FILE.jsonl --base SIDE [--base SIDE …]
    """;

if (args.Length == 0)
{
    Console.Error.WriteLine(Usage);
    return 64;
}

try
{
    switch (args[0])
    {
        case "micro":
            BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args[1..]);
            return 0;
        case "load":
            return LoadCommand.Run(args[1..]);
        case "hold":
            return HoldCommand.Run(args[1..]);
        case "check":
            return await CheckCommand.RunAsync(args[1..]);
        case "mixed":
            return await MixedCommand.RunAsync(args[1..]);
        case "coherence":
            return await CoherenceCommand.RunAsync(args[1..]);
        case "random":
            return RandomCommand.Run(args[1..]);
        case "origin":
            return await OriginCommand.RunAsync(args[1..]);
        case "relay":
            return await RelayCommand.RunAsync(args[1..]);
        case "send":
            return SendCommand.Run(args[1..]);
        case "drain":
            return DrainCommand.Run(args[1..]);
        case "content":
            return ContentCommand.Run(args[1..]);
        case "ports":
            return PortsCommand.Run(args[1..]);
        case "index-fill":
            return IndexCommand.Fill(args[1..]);
        case "index-open":
            return IndexCommand.Open(args[1..]);
        case "simulate":
            return SimulateCommand.Run(args[1..]);
        case "fleet":
            return FleetCommand.Run(args[1..]);
        case "note":
            return NoteCommand.Run(args[1..]);
        case "compare":
            return CompareCommand.Run(args[1..]);
        case "growth":
            return GrowthCommand.Run(args[1..]);
        case "report":
            return ReportCommand.Run(args[1..]);
        default:
            Console.Error.WriteLine(Usage);
            return 64;
    }
}
catch (ArgumentException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 64;
}
catch (Exception exception) when (exception is InvalidDataException or HttpRequestException or IOException)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
